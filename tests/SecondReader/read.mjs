#!/usr/bin/env node
// node read.mjs <vault folder> (--passphrase-env NAME | --key-file path) (list | entries <snapshot id> | records <snapshot id> | restore <snapshot id> <destination> | verify)
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe } from './describe.mjs';
import { readOwnerKey } from './keys.mjs';
import { recordsOf } from './values.mjs';
import { entriesOf } from './listing.mjs';
import { Refusal } from './refusal.mjs';
import { Restorer } from './restore.mjs';
import { openVault } from './vault.mjs';
import { Verifier } from './verify.mjs';

const usage = 'usage: node read.mjs <vault folder> (--passphrase-env NAME | --key-file path) (list | entries <snapshot id> | records <snapshot id> | restore <snapshot id> <destination> | verify)';

function readCredential({ 'passphrase-env': variable, 'key-file': file }) {
  if (file !== undefined) return { ownerKey: readOwnerKey(readFileSync(file, 'latin1')) };
  const passphrase = process.env[variable ?? ''];
  if (passphrase === undefined) throw new Error(usage);
  return { passphrase };
}

function report(problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

const iso = time => new Date(time.seconds * 1000).toISOString();

function snapshotOf({ snapshots }, id) {
  const snapshot = snapshots.find(s => s.id === id);
  if (!snapshot) throw new Error(`no snapshot ${id}`);
  return snapshot;
}

const commands = {
  list({ snapshots, problems }) {
    for (const s of snapshots)
      console.log([s.id, iso(s.started), s.dataSet, s.host, `${s.entries} entries`, `${s.contentBytes} bytes`, ['succeeded', 'degraded', 'suspect'][s.outcome] ?? s.outcome].join('  '));
    report(problems.map(p => p.message));
  },

  entries(vault, id) {
    for (const line of describe(vault.read, vault.manifests.ownerPart(snapshotOf(vault, id)))) console.log(JSON.stringify(line));
  },

  records(vault, id) {
    for (const entry of entriesOf(vault.read, vault.manifests.ownerPart(snapshotOf(vault, id)).listing)) {
      if (entry.domain) console.error(`not read, a subject's: ${entry.path.join('/')}`);
      else if (entry.content) for (const record of recordsOf(vault.read, entry)) console.log(JSON.stringify(record));
    }
  },

  restore(vault, id, destination) {
    const snapshot = snapshotOf(vault, id);
    if (!destination) throw new Error(usage);
    const restorer = new Restorer(destination, vault.read);
    restorer.restore(entriesOf(vault.read, vault.manifests.ownerPart(snapshot).listing));
    for (const entry of restorer.skipped) console.error(`not restored, kind ${entry.kind}${entry.domain ? ', a subject\'s' : ''}: ${entry.path.join('/')}`);
  },

  verify(vault) {
    const verifier = new Verifier(vault), problems = verifier.run();
    report(problems);
    console.log(`${vault.snapshots.length} snapshots, ${verifier.packs} packs, ${verifier.chunks} chunks, ${verifier.records} records: ${problems.length} problems`);
  },
};

try {
  const { values, positionals: [folder, command, ...rest] } = parseArgs({ allowPositionals: true, options: { 'passphrase-env': { type: 'string' }, 'key-file': { type: 'string' } } });
  if (!folder || !Object.hasOwn(commands, command ?? '')) throw new Error(usage);
  commands[command](await openVault(folder, readCredential(values)), ...rest);
} catch (e) {
  console.error(e instanceof Refusal ? `refused as ${e.message}` : e.message);
  process.exitCode = 2;
}
