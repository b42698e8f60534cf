// Opens a case's assembled Automerge document and prints what it holds, for a test to compare with the record.
//
//   node heads.mjs FILE   ->   {"heads": [hex, ...], "entries": [{"id", "actor", "seq", "kind", "at"}, ...]}
//
// Heads ascending; entries by actor, then seq. Nothing about the statement is known here but the layout of
// docs/protocol.md, "The Automerge document".

import { readFileSync } from "node:fs";

import * as Automerge from "@automerge/automerge";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("give the file of an Automerge document: node heads.mjs FILE");
  process.exit(2);
}

const document = Automerge.load(readFileSync(file));
const entries = [];
for (const [bucketKey, bucket] of Object.entries(document.acts)) {
  const [actor, number, ...rest] = bucketKey.split("/");
  check(/^[0-9a-f]{64}$/.test(actor) && /^(0|[1-9][0-9]*)$/.test(number) && rest.length === 0, `bucket key ${bucketKey}`);
  for (const [position, entry] of Object.entries(bucket)) {
    const seq = Number(position);
    check(String(seq) === position && Math.floor((seq - 1) / 64) === Number(number), `position ${position} in ${bucketKey}`);
    // Texts arrive as immutable strings, not as collaborative text.
    entries.push({ id: hex(entry.id), actor, seq, kind: String(entry.kind), at: Number(entry.at) });
  }
}
entries.sort((a, b) => (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : a.seq - b.seq));
console.log(JSON.stringify({ heads: [...Automerge.getHeads(document)].sort(), entries }));

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

function check(holds, what) {
  if (!holds) {
    console.error(`not laid out as the format says: ${what}`);
    process.exit(1);
  }
}
