// From a passphrase or an owner's key file to the owner's seeds (docs/format/keys.md).
import { argon2id } from 'hash-wasm';
import * as cbor from './cbor.mjs';
import { Refusal, demand, hex, refuse, same } from './refusal.mjs';
import { roles } from './register.mjs';
import { derived, openBlob, openEnvelope, sealingPublicKey, sha256, signingPublicKey } from './seal.mjs';
import { headShape } from './signed.mjs';

const mostUnlockers = 1024, mostUnlockerBytes = 2 ** 20;
const { uint, id, text, bytes, list, optional } = cbor;
const unlockerShape = cbor.record({ 0: ['kind', text], 1: ['parameters', cbor.any], 2: ['bundleKey', optional(bytes)], 3: ['label', text], 4: ['created', cbor.time], 5: ['owner', id], 6: ['envelope', optional(bytes)], 128: ['wrapping', optional(cbor.sized(1216))] });
const argonShape = cbor.record({ 0: ['algorithm', text], 1: ['memory', uint], 2: ['passes', uint], 3: ['salt', cbor.sized(16)] });
const bundleShape = cbor.record({ 0: ['genesis', id], 1: ['head', headShape], 2: ['signingSeed', id], 3: ['sealingSeed', id], 4: ['identities', list(cbor.tuple(uint, id))] });
const ownerKeyShape = cbor.record({ 0: ['vaultId', id], 1: ['genesis', id], 2: ['head', headShape], 3: ['secret', id] });

export function readOwnerKey(pem) {
  const match = /^-----BEGIN SECUREBACKUP OWNER KEY-----\s+([A-Za-z0-9+/=\s]+)-----END SECUREBACKUP OWNER KEY-----\s*$/.exec(pem);
  demand(match, 'malformed', 'the key file is no owner key');
  return ownerKeyShape(cbor.decode(Buffer.from(match[1].replace(/\s/g, ''), 'base64')), 'owner key');
}

async function unlockingKey(unlocker, { passphrase, ownerKey }) {
  if (unlocker.kind === 'key-file') return ownerKey?.secret;
  if (unlocker.kind !== 'passphrase' || passphrase === undefined) return undefined;
  const { algorithm, memory, passes, salt } = argonShape(unlocker.parameters, 'passphrase parameters');
  demand(algorithm === 'argon2id', 'unsupported format', `derivation ${algorithm}`);
  demand(memory >= 19456 && passes >= 2, 'weakened key derivation', `${memory} KiB, ${passes} passes`);
  demand(memory <= 4 * 2 ** 20 && passes <= 64, 'malformed', `${memory} KiB, ${passes} passes`);
  return Buffer.from(await argon2id({ password: Buffer.from(passphrase.normalize('NFKC')), salt, memorySize: memory, iterations: passes, parallelism: 1, hashLength: 32, outputType: 'binary' }));
}

// Those that the register names for an owner, and no others; where it names none, all that lie there.
function* unlockers(store, register) {
  const owners = [...register.bundles.keys()].filter(owner => register.mayAct(owner, roles.owner));
  const named = owners.flatMap(owner => register.unlockers.get(owner) ?? []);
  for (const [objectId, hash] of named) {
    const { header, rest, stored } = store.object('keys', objectId, mostUnlockerBytes);
    demand(same(sha256(stored), hash), 'tampered', 'an unlocker is not the one that the register names');
    yield { header, rest };
  }
  if (owners.every(owner => register.unlockers.get(owner))) return;
  const ids = store.ids('keys').filter(objectId => !named.some(([known]) => same(known, objectId)));
  demand(ids.length <= mostUnlockers, 'malformed', 'too many unlockers');
  for (const objectId of ids) yield store.object('keys', objectId, mostUnlockerBytes);
}

// The bundle key lies under the unlocking key itself, or was sealed to the public key that is drawn from it.
const openUnlocker = (key, header, { bundleKey, envelope }) => {
  demand((bundleKey === undefined) !== (envelope === undefined), 'malformed', 'an unlocker holds no key, or two');
  return envelope ? openEnvelope(derived(key, 'sb1/rewrap'), 'sb1/unlock', header, envelope) : openBlob(key, 'sb1/unlock', header, bundleKey);
};

// Tries every unlocker of the credential's kind; the commitment tells which one fits.
async function unlock(store, register, credential) {
  for (const { header, rest } of unlockers(store, register)) {
    demand(rest.length >= 4 && rest.readUInt32LE(0) === rest.length - 4, 'malformed', 'an unlocker has another length than it says');
    const unlocker = unlockerShape(cbor.decode(rest.subarray(4)), 'unlocker'), key = await unlockingKey(unlocker, credential);
    if (!key) continue;
    try { return { bundleKey: openUnlocker(key, header, unlocker), owner: hex(unlocker.owner) }; } catch (e) {
      if (!(e instanceof Refusal) || e.as !== 'wrong key') throw e;
    }
  }
  return refuse('wrong key', 'no unlocker opens with this credential');
}

export async function openOwner(store, register, credential) {
  const { ownerKey } = credential;
  if (ownerKey) {
    demand(same(ownerKey.vaultId, register.vaultId), 'misplaced', 'the key file belongs to another vault');
    demand(same(ownerKey.genesis, register.hashes[0]), 'forked', 'the key file pins another genesis entry');
    register.demandHead(ownerKey.head, 'the key file');
  }
  const { bundleKey, owner } = await unlock(store, register, credential);
  demand(register.mayAct(owner, roles.owner), 'not entitled', 'the unlocker names a member that is no owner');
  const bundleId = register.bundles.get(owner) ?? refuse('malformed', 'the register names no bundle of this owner');
  const { header, rest } = store.object('bundles', bundleId, 2 ** 20);
  const bundle = bundleShape(cbor.decode(openBlob(bundleKey, 'sb1/bundle', header, rest)), 'bundle');
  demand(same(bundle.genesis, register.hashes[0]), 'forked', 'the bundle pins another genesis entry');
  register.demandHead(bundle.head, 'the bundle');
  demand(hex(sha256(signingPublicKey(bundle.signingSeed))) === owner, 'forked', 'the bundle holds another signing key than the register');
  demand(same(sealingPublicKey(bundle.sealingSeed), register.members.get(owner).sealingKey), 'forked', 'the bundle holds another sealing key than the register');
  const identities = new Map(bundle.identities);
  for (const [epoch, seed] of identities)
    demand(register.epochs.has(epoch) && same(sealingPublicKey(seed), register.epochs.get(epoch)), 'forked', `the bundle holds another key of epoch ${epoch} than the register`);
  const keys = register.openGrants(owner, bundle.sealingSeed);
  return { keys, identity: epoch => identities.get(epoch) ?? keys.identity(epoch) ?? refuse('wrong key', `no identity of epoch ${epoch}`) };
}
