"""POST /v1/lore: where and how to upload a lore document."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.lore_state import Upload, UploadRequest, offer_upload

bucket = bootstrap.lore_bucket()


@operation("studio", status=201)
def handler(request: Request) -> Upload:
    """A presigned URL for one PUT of one document."""
    return offer_upload(bucket, request.title, request.body(UploadRequest))
