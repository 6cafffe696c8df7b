"""Least privilege: no wildcard actions or principals, exact resources, and every exception with its reason."""

import json
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest

from npcops.adapters.opensearch_index import index_name
from npcops.adapters.player_table import partition, trial_partition
from npcops.lore import space_of
from npcops.recipes import known_recipes
from npcops.wiring import INDEX_PREFIX
from tests.infra.descriptions import ACCOUNT, DOMAIN, LOCAL, REGION, SERVERLESS, Stage, functions, operations

STAGES = {"local": LOCAL, "serverless": SERVERLESS, "domain": DOMAIN}

SAGEMAKER, BEDROCK = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}", f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
TUNABLE = tuple(
    f"arn:aws:bedrock:{REGION}::foundation-model/{name}"
    for name in ("amazon.nova-*", "amazon.titan-text-*", "meta.llama3-*")
)
# Resources that are broader than one thing, and why. SAM itself attaches two managed policies to every function,
# AWSLambdaBasicExecutionRole and AWSXrayWriteOnlyAccess (the actions of X-Ray have no resources), and the latter to
# the state machine.
BROAD = {
    "*": "delivering logs of a state machine, speaking, telling toxicity and personal data, and signing in to the "
    "registry of images have no resource-level permissions",
    "LoreBucket.Arn/lore/*": "the objects below one prefix",
    "WorkBucket.Arn/hydration/*": "the objects below one prefix",
    "EvaluationsBucket.Arn/evaluations/*": "the objects below one prefix",
    "EvaluationsBucket.Arn/cases/*": "the objects below one prefix",
    "TrainingBucket.Arn/training/*": "the objects below one prefix",
    "ModelsBucket.Arn/runs/*": "the objects below one prefix",
    "ModelsBucket.Arn/code/*": "the objects below one prefix",
    f"{SAGEMAKER}:pipeline/npcops-dev-tune/execution/*": "the executions of one pipeline",
    f"{SAGEMAKER}:processing-job/pipelines-*": "SageMaker names the jobs of its pipelines so",
    f"{SAGEMAKER}:model-package-group/npcops-dev-*": "a group for each game title",
    f"{SAGEMAKER}:model-package/npcops-dev-*": "the models of these groups",
    f"{BEDROCK}:model-customization-job/*": "Bedrock gives jobs their ids",
    f"{BEDROCK}:custom-model/*": "the same for the models that they make",
    **dict.fromkeys(TUNABLE, "the base models for which there are recipes"),
    "ModelsBucket.Arn/runs/*/data/*": "what Bedrock learns, of each run",
    "ModelsBucket.Arn/runs/*/data/report.json": "what was made of the data of a run, to be known before it is learned",
    "ModelsBucket.Arn/runs/*/output/*": "what it measures",
    f"arn:aws:states:{REGION}:{ACCOUNT}:execution:TuneModel.Name:*": "the executions of one machine",
    f"arn:aws:states:{REGION}:{ACCOUNT}:execution:AssessModel.Name:*": "the executions of one machine",
    f"{BEDROCK}:custom-model-deployment/*": "Bedrock gives deployments their ids",
    f"{BEDROCK}:provisioned-model/*": "the same for provisioned throughput",
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs:*": "where all processing jobs log",
    f"arn:aws:states:{REGION}:{ACCOUNT}:execution:Evaluate.Name:*": "the executions of one machine",
    f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/npcops/dev/models/*": "one parameter for each game title",
    f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/npcops/dev/candidates/*": "the same",
    f"arn:aws:states:{REGION}:{ACCOUNT}:execution:PromoteModel.Name:*": "the executions of one machine",
    "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0": "a profile calls one model in several regions",
    f"arn:aws:es:{REGION}:{ACCOUNT}:domain/npcops-dev/*": "the paths of one domain, which holds the lore index alone",
    "index/npcops-dev/*": "the indexes of one collection, which holds the lore index alone",
    f"arn:aws:es:{REGION}:{ACCOUNT}:domain/npcops-dev/npcops-snapshot_*": "the lore's snapshots, one index each",
    "index/npcops-dev/npcops-snapshot_*": "the same in a collection",
    f"arn:aws:execute-api:{REGION}:{ACCOUNT}:Api/authorizers/*": "authorisers get their ids when they are made",
    f"arn:aws:execute-api:{REGION}:{ACCOUNT}:StreamApi/dev/*": "the routes of one WebSocket API, for its function",
    f"arn:aws:execute-api:{REGION}:{ACCOUNT}:StreamApi/dev/POST/@connections/*": "one address for each open connection",
    f"arn:aws:execute-api:{REGION}:{ACCOUNT}:StreamApi/dev/DELETE/@connections/*": "the same, to close them",
}
LOG_DELIVERY = {
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
}
OWN_POLICIES = (
    {"Ref": "ReadPipeline"},
    {"Ref": "UseChatModel"},
    {"Ref": "UseEmbeddingModel"},
    {"Ref": "TalkPolicy"},
    {"Ref": "CatalogPolicy"},
    {"Ref": "TrialPolicy"},
    {"Ref": "ReadEvaluations"},
    {"Ref": "ReadModels"},
    {"Ref": "DecidePromotions"},
)
MANAGED = {
    "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs": "AWS's own role for access logs",
}


def listed(value: Any) -> list[Any]:
    """A statement's value as the list that it may be left out to be."""
    return value if isinstance(value, list) else [value]


def statements(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy statement of the stage, wherever it is written, with the resource that carries it."""

    def walk(name: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict):
            if "Effect" in node and "Action" in node:
                yield name, node
            for value in node.values():
                yield from walk(name, value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(name, value)

    for name, body in stage.resources().items():
        yield from walk(name, stage.value(body["Properties"]))
        if body["Type"] == "AWS::Lambda::Permission":
            found = stage.value(body["Properties"])
            yield (
                name,
                {
                    **found,
                    "Effect": "Allow",
                    "Resource": found["SourceArn"],
                    "Principal": {"Service": found["Principal"]},
                },
            )
        if body["Type"] == "AWS::OpenSearchServerless::AccessPolicy":
            for policy in json.loads(stage.value(body["Properties"]["Policy"])):
                for rule in policy["Rules"]:
                    access = {"Action": rule["Permission"], "Resource": rule["Resource"]}
                    yield name, {**access, "Effect": "Allow", "Principal": {"AWS": policy["Principal"]}}


@pytest.mark.parametrize("name", sorted(STAGES))
def test_defect_10_no_wildcard_action_or_principal_is_allowed(name: str) -> None:
    for where, statement in statements(Stage(STAGES[name])):
        if statement["Effect"] == "Deny":
            continue
        actions = listed(statement["Action"])
        assert actions, where
        assert not [action for action in actions if "*" in action], where
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), where
        principals = statement.get("Principal", {})
        assert principals != "*", where
        assert not [one for some in principals.values() for one in listed(some) if "*" in one], where


def test_broad_resources_are_exactly_the_listed_exceptions() -> None:
    found = {
        resource
        for name in STAGES.values()
        for _, statement in statements(Stage({**name, "Stage": "dev"}))
        if statement["Effect"] == "Allow"
        for resource in listed(statement.get("Resource", []))
        if "*" in resource
    }
    assert found == set(BROAD)


def test_only_what_has_no_resources_of_its_own_is_allowed_on_every_resource() -> None:
    found = [
        (where, set(listed(statement["Action"])))
        for where, statement in statements(Stage(SERVERLESS))
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", []))
    ]
    assert sorted(found, key=lambda one: (one[0], sorted(one[1]))) == [
        ("AssessModel", LOG_DELIVERY),
        ("Evaluate", LOG_DELIVERY),
        ("HydrateLore", LOG_DELIVERY),
        ("ProcessingRole", {"comprehend:DetectPiiEntities", "comprehend:DetectToxicContent"}),
        ("ProcessingRole", {"ecr:GetAuthorizationToken"}),
        ("PromoteModel", LOG_DELIVERY),
        ("ReadModels", {"sagemaker:ListModelPackages"}),
        ("RetireModels", {"bedrock:ListCustomModelDeployments", "bedrock:ListProvisionedModelThroughputs"}),
        ("ScoreCase", {"comprehend:DetectToxicContent"}),
        ("StartPromotion", {"cloudwatch:DescribeAlarms"}),
        ("TalkPolicy", {"polly:SynthesizeSpeech"}),
        ("TuneModel", LOG_DELIVERY),
        ("WatchShift", {"cloudwatch:DescribeAlarms"}),
    ]


def test_managed_policies_are_exactly_the_listed_exceptions() -> None:
    stage = Stage(SERVERLESS)
    found = [
        arn
        for body in stage.resources().values()
        for arn in stage.value(body["Properties"].get("ManagedPolicyArns", []))
    ]
    assert found == list(MANAGED)


def test_functions_have_no_policy_templates_and_no_foreign_policies() -> None:
    for name, body in functions().items():
        for policy in listed(body.get("Policies", [])):
            assert policy in OWN_POLICIES or policy.keys() == {"Statement"}, name


@pytest.mark.parametrize("profile", [False, True])
def test_defect_10_the_embedding_model_alone_may_be_asked_also_behind_a_profile(profile: bool) -> None:
    model, arn = "cohere.embed-multilingual-v3", "arn:aws:bedrock:"
    if profile:
        given = {"EmbeddingModelId": f"eu.{model}", "EmbeddingFoundationModelId": model}
        expected = {
            f"{arn}{REGION}:{ACCOUNT}:inference-profile/eu.{model}",
            f"{arn}*::foundation-model/{model}",
        }
    else:
        given, expected = {"EmbeddingModelId": model}, {f"{arn}{REGION}::foundation-model/{model}"}
    allowed = [statement for where, statement in statements(Stage(SERVERLESS | given)) if where == "UseEmbeddingModel"]
    assert [(set(listed(one["Action"])), set(one["Resource"])) for one in allowed] == [
        ({"bedrock:InvokeModel"}, expected)
    ]
    users = {
        name for name, body in functions().items() if {"Ref": "UseEmbeddingModel"} in listed(body.get("Policies", []))
    }
    assert users == {
        *("Converse", "StreamTurn", "Remember", "SearchLore", "EmbedAndIndex", "ScoreCase", "TryOut"),
        *("SampleTurn", "PutJudgements"),
    }


def test_candidates_are_named_exactly() -> None:
    given = {"CandidateModelIds": "amazon.nova-pro-v1:0,x.y-v1", "CandidateProfileIds": "eu.amazon.nova-pro-v1:0"}

    def models(parameters: dict[str, str]) -> list[list[str]]:
        own = [one for where, one in statements(Stage(parameters)) if where == "UseChatModel"]
        return [one["Resource"] for one in own]

    stage, tuned = models(SERVERLESS)
    # Deployments get ids that Bedrock makes up; they are of this account and region.
    assert tuned == [
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model-deployment/*",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:provisioned-model/*",
    ]
    assert models(SERVERLESS | given) == [
        stage,
        tuned,
        ["arn:*:bedrock:*::foundation-model/amazon.nova-pro-v1:0", "arn:*:bedrock:*::foundation-model/x.y-v1"],
        ["arn:*:bedrock:*:*:inference-profile/eu.amazon.nova-pro-v1:0"],
    ]


def test_trials_reach_no_player_s_data() -> None:
    (talking,) = [
        one
        for where, one in statements(Stage(SERVERLESS))
        if where == "TrialPolicy" and one["Resource"] == "PlayersTable.Arn"
    ]
    assert talking["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["#trial#*"]}}
    assert fnmatch(trial_partition("saltmarrow", "trial.1"), "#trial#*")
    for player in ("trial.1", "#trial#", "x#trial.1", "#trial#saltmarrow#trial.1"):
        assert not fnmatch(partition("saltmarrow", player), "#trial#*")
    for name in ("ScoreCase", "TryOut"):
        assert {"Ref": "TalkPolicy"} not in listed(functions()[name]["Policies"])


def test_defect_10_one_role_is_handed_on_by_one_function_to_bedrock_alone() -> None:
    passed = [
        (where, one["Resource"], one["Condition"])
        for where, one in statements(Stage(SERVERLESS))
        if "iam:PassRole" in listed(one["Action"]) and "bedrock.amazonaws.com" in str(one["Condition"])
    ]
    to_bedrock = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    assert passed == [("StartTuningJob", "TuningRole.Arn", to_bedrock)]


def test_defect_10_bedrock_takes_the_role_for_jobs_of_this_account_alone() -> None:
    (trust,) = [
        one
        for where, one in statements(Stage(SERVERLESS))
        if where == "TuningRole" and "sts:AssumeRole" in one["Action"]
    ]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"{BEDROCK}:model-customization-job/*"},
    }


def test_every_base_model_with_a_recipe_may_be_tuned() -> None:
    known = [one.customizes for one in known_recipes().values() if one.family != "local"]
    assert known
    for name in known:
        arn = f"arn:aws:bedrock:{REGION}::foundation-model/{name}"
        assert [pattern for pattern in TUNABLE if fnmatch(arn, pattern)], name


def test_a_distributed_map_may_run_its_own_machine_and_no_other() -> None:
    own = [one for where, one in statements(Stage(SERVERLESS)) if where == "EvaluateMapPolicy"]
    executions = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:Evaluate.Name:*"
    assert [(one["Resource"], one["Action"]) for one in own] == [
        ("Evaluate", "states:StartExecution"),
        (executions, ["states:DescribeExecution", "states:StopExecution"]),
    ]


def test_defect_10_every_method_has_the_authoriser() -> None:
    assert operations()
    assert {str(operation.get("security")) for operation in operations().values()} == {"[{'token': []}]"}


def test_defect_10_only_the_writers_may_write_the_index() -> None:
    hydration = {"EmbedAndIndexRole.Arn", "CommitHydrationRole.Arn"}
    for parameters in (SERVERLESS, DOMAIN):
        writing = {"aoss:CreateIndex", "aoss:WriteDocument", "es:ESHttpPut"}
        assert doing(parameters, writing) == {"*": hydration, "npcops-snapshot_*": {"SnapshotLoreRole.Arn"}}


def test_snapshots_alone_can_be_dropped_and_by_one_function() -> None:
    for parameters in (SERVERLESS, DOMAIN):
        dropping = doing(parameters, {"aoss:DeleteIndex", "es:ESHttpDelete"})
        assert dropping == {"npcops-snapshot_*": {"DeleteSnapshotRole.Arn"}}


def doing(parameters: dict[str, str], actions: set[str]) -> dict[str, set[str]]:
    """Who may do any of `actions` on the lore index, by the pattern of the index names."""
    found = defaultdict[str, set[str]](set)
    for _, statement in statements(Stage(parameters)):
        if actions & set(listed(statement["Action"])):
            for resource in listed(statement["Resource"]):
                found[resource.rsplit("/", 1)[1]] |= set(listed(statement["Principal"]["AWS"]))
    return dict(found)


@pytest.mark.parametrize("title", ["saltmarrow", "snapshot", "snapshot-x", "0", "-", "npcops-snapshot"])
def test_the_pattern_of_snapshots_has_their_indexes_and_no_title_s(title: str) -> None:
    pattern = "npcops-snapshot_*"
    assert fnmatch(index_name(INDEX_PREFIX, space_of(title, "0123456789abcdef")), pattern)
    assert not fnmatch(index_name(INDEX_PREFIX, title), pattern)


def test_whoever_copies_lore_writes_records_of_snapshots_and_no_entries() -> None:
    for name in ("SnapshotLore", "DeleteSnapshot"):
        for statement in functions()[name]["Policies"]["Statement"]:
            if {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"} & set(listed(statement["Action"])):
                keys = {"dynamodb:LeadingKeys": ["*#snapshots"]}
                assert statement["Condition"] == {"ForAllValues:StringLike": keys}


def test_whoever_reads_the_store_may_reach_it() -> None:
    """The callers of `bootstrap.vector_store` are the principals of both kinds of OpenSearch."""
    expected = {
        f"{name}Role.Arn"
        for name in (
            *("Converse", "StreamTurn", "SearchLore", "ReconcileLore", "ReconcileTitles"),
            *("PlanHydration", "EmbedAndIndex", "CommitHydration", "SnapshotLore", "DeleteSnapshot"),
            *("ScoreCase", "TryOut", "PutJudgements"),
        )
    }
    for parameters, kind in (
        (SERVERLESS, "AWS::OpenSearchServerless::AccessPolicy"),
        (DOMAIN, "AWS::OpenSearchService::Domain"),
    ):
        stage = Stage(parameters)
        named = {
            principal
            for where, statement in statements(stage)
            if stage.resources()[where]["Type"] == kind
            for principal in listed(statement["Principal"]["AWS"])
        }
        assert named == expected
    callers = Stage(SERVERLESS).resources()["LoreCollectionCallers"]["Properties"]["Roles"]
    assert {role["Ref"] + ".Arn" for role in callers} == expected


def test_only_the_nightly_reconciliation_may_read_a_whole_table() -> None:
    scanning = {
        where for where, statement in statements(Stage(SERVERLESS)) if "dynamodb:Scan" in listed(statement["Action"])
    }
    assert scanning == {"ReconcileTitles"}


def test_whoever_frees_throughput_may_take_its_run_off_the_list_of_those_that_have_some() -> None:
    """A run without a deployment is one write with a deletion: without that right the write fails as a whole."""
    allowed = {
        name
        for name, one in statements(Stage(SERVERLESS))
        if "dynamodb:DeleteItem" in listed(one["Action"]) and "ModelsTable.Arn" in listed(one["Resource"])
    }
    assert allowed == {"EndTuning", "FreeThroughput", "DecidePromotions"}
    assert {"Ref": "DecidePromotions"} in functions()["RetireModels"]["Policies"]


def test_a_missing_object_answers_404_to_those_who_read_objects() -> None:
    """S3 tells absence from refusal only to callers who may list, and a read has no prefix for a condition to match."""
    evaluating = [(name, "EvaluationsBucket") for name in ("LoadCases", "ScoreCase", "ConcludeEvaluation")]
    for name, bucket in (("PlanHydration", "LoreBucket"), ("EmbedAndIndex", "WorkBucket"), *evaluating):
        (listing,) = [
            statement
            for policy in listed(functions()[name]["Policies"])
            for statement in policy.get("Statement", [])
            if statement["Action"] == "s3:ListBucket"
        ]
        assert listing["Resource"] == {"Fn::GetAtt": [bucket, "Arn"]}
        assert list(listing["Condition"]) == ["StringLikeIfExists"]
