// A promptfoo provider: each test is a try-out of npcops, which leaves nothing behind.
//
// NPCOPS_API_URL is the API's address (up to and without /v1), NPCOPS_TOKEN a token of scope `studio`.
// The configuration of the provider (`config.configuration`) says what speaks: see `POST /v1/tryouts`.

const SECONDS = 60;
const PAUSES = [500, 1000, 2000, 4000, 8000];

export default class NpcopsProvider {
  constructor(options = {}) {
    this.config = options.config ?? {};
    this.label = options.label ?? "npcops";
  }

  id() {
    return `npcops:${this.label}`;
  }

  // Texts are taken from the test's metadata, because promptfoo fills in templates wherever else they stand.
  async callApi(_prompt, context) {
    const { NPCOPS_API_URL: address, NPCOPS_TOKEN: token } = process.env;
    if (!address || !token) return { error: "Set NPCOPS_API_URL and NPCOPS_TOKEN." };
    const { tryout } = context.test.metadata;
    const body = JSON.stringify({ ...tryout, configuration: this.config.configuration ?? {} });
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    let response;
    for (const pause of [...PAUSES, 0]) {
      const signal = AbortSignal.timeout(SECONDS * 1000);
      response = await fetch(`${address.replace(/\/$/, "")}/v1/tryouts`, { method: "POST", headers, body, signal });
      if (response.status !== 429 || !pause) break;
      await new Promise((done) => setTimeout(done, pause));
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) return { error: [response.status, answer.title, answer.detail].filter(Boolean).join(": ") };
    return told(answer.turns, tryout.messages.length);
  }
}

function told(turns, wanted) {
  if (turns.length < wanted) return { error: `Only ${turns.length} of ${wanted} messages were answered.` };
  const { say, usage, ms, ...metadata } = turns.at(-1);
  return {
    output: say,
    cost: usage.cost_usd,
    latencyMs: ms ?? usage.ms,
    tokenUsage: { prompt: usage.input_tokens, completion: usage.output_tokens, total: usage.input_tokens + usage.output_tokens },
    metadata,
  };
}
