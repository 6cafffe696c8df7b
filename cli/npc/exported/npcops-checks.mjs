// What promptfoo has no assertion for: what a turn of npcops holds besides its words.

const judged = (pass, reason) => ({ pass, score: pass ? 1 : 0, reason });
const list = (values) => values.join(", ") || "nothing";

// The model itself answered.
export function answered(_output, { providerResponse }) {
  const { degraded } = providerResponse.metadata;
  return judged(!degraded, degraded ? `answered by ${degraded.answer} (${list(degraded.why)})` : "the model answered");
}

// config.documents: paths of documents of which it must cite one.
export function cites(_output, { providerResponse, config }) {
  const cited = providerResponse.metadata.citations.map((citation) => citation.document);
  return judged(cited.some((path) => config.documents.includes(path)), `cites ${list(cited)}`);
}

// config.emotions: of which it must show one.
export function feels(_output, { providerResponse, config }) {
  const { emotion } = providerResponse.metadata;
  return judged(config.emotions.includes(emotion), `shows ${emotion}`);
}

// config.actions: names and arguments (those that must be equal) of actions that must be taken.
export function acts(_output, { providerResponse, config }) {
  const { actions } = providerResponse.metadata;
  const missing = config.actions.filter((wanted) => !actions.some((taken) => fits(taken, wanted)));
  return judged(!missing.length, missing.length ? `does not ${list(missing.map(({ name }) => name))}` : "acts as it must");
}

// config.names: actions that must not be taken; `*` stands for all.
export function refrains(_output, { providerResponse, config }) {
  const taken = providerResponse.metadata.actions.map(({ name }) => name);
  const wrong = taken.filter((name) => config.names.includes("*") || config.names.includes(name));
  return judged(!wrong.length, wrong.length ? `does ${list(wrong)}` : "refrains");
}

function fits(taken, wanted) {
  if (taken.name !== wanted.name) return false;
  return Object.entries(wanted.arguments ?? {}).every(([key, value]) => same(taken.arguments?.[key], value));
}

function same(one, other) {
  return one === other || JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
