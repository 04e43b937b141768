// The register: who may do what (docs/format/register.md).
import * as cbor from './cbor.mjs';
import { Refusal, demand, hex, refuse, same } from './refusal.mjs';
import { openEnvelope, sealingPublicKey, sha256 } from './seal.mjs';
import { splitSigned, verifiedSigners } from './signed.mjs';
import { parseHeader } from './store.mjs';

export const roles = { owner: 1, maintainer: 2, writer: 4, verifier: 8 };
const mostEntryBytes = 2 ** 20, mostEntries = 1_000_000;
const { uint, id, text, bytes, list, optional } = cbor;

const entryShape = cbor.record({ 0: ['number', uint], 1: ['before', optional(id)], 2: ['time', cbor.time], 3: ['features', list(text)], 4: ['changes', list(cbor.tuple(uint, cbor.any))] });
const changeShapes = {
  1: { 0: ['chunker', text], 1: ['packBytes', uint] },
  2: { 0: ['epoch', uint], 1: ['publicKey', cbor.sized(1216)] },
  3: { 0: ['memberId', id], 1: ['name', text], 2: ['signingKeys', list(cbor.tuple(uint, bytes))], 3: ['sealingKey', cbor.sized(1216)], 4: ['roles', uint], 5: ['dataSets', optional(list(id))] },
  4: { 0: ['memberId', id], 1: ['epoch', uint], 2: ['objectId', id], 3: ['envelope', bytes] },
  5: { 0: ['floor', uint], 1: ['horizon', uint], 2: ['trust', uint], 3: ['grace', uint], 4: ['lapse', uint], 5: ['ownersNeeded', uint] },
  6: { 0: ['targetId', id], 1: ['name', text] },
  7: { 0: ['targetId', id] },
  8: { 0: ['objectId', id], 1: ['hash', id], 2: ['replaces', optional(id)] },
  9: { 0: ['memberId', id], 1: ['kept', list(id)] },
  10: { 0: ['memberId', id], 1: ['objectId', id], 128: ['unlockers', optional(list(cbor.tuple(id, id), 64))] },
  11: { 0: ['number', uint], 1: ['hash', id] },
  12: { 0: ['holdId', id], 1: ['scope', uint], 2: ['on', id], 3: ['dataSets', list(id)], 4: ['epoch', uint], 5: ['sealed', bytes] },
  13: { 0: ['holdId', id], 1: ['epoch', uint], 2: ['releaseId', id], 3: ['sealed', bytes] },
};
const grantShape = cbor.record({ 0: ['chunkId', optional(id)], 1: ['chunker', optional(id)], 2: ['index', optional(id)], 3: ['metadata', optional(id)], 4: ['names', optional(id)], 5: ['identity', optional(id)] });

export class Register {
  members = new Map(); epochs = new Map(); legalHolds = new Map(); bundles = new Map(); unlockers = new Map(); grants = []; hashes = []; ownersNeeded = 1;

  static read(store) {
    const register = new Register();
    for (let n = 0; store.has(entryName(n)); n++) {
      demand(n < mostEntries, 'malformed', 'too many register entries');
      if (n > 0 && !register.isOwnersWord(store, n)) break;
      register.append(store.whole(entryName(n), mostEntryBytes), n);
      if (n === 0) store.vaultId = register.vaultId;
    }
    register.demandNothingLater(store);
    demand(register.hashes.length > 0, 'no object', 'the folder holds no register');
    return register;
  }

  // Anybody can put an object where an entry belongs; only what enough owners signed for that place is one.
  isOwnersWord(store, n, needed = this.ownersNeeded) {
    try {
      const stored = store.whole(entryName(n), mostEntryBytes);
      parseHeader(stored, { kind: 1, vaultId: this.vaultId });
      const { body, digest, signatures } = splitSigned(stored);
      this.demandOwners(verifiedSigners(signatures, digest, m => this.keyOf(m)), needed);
      return body.get(0) === n;
    } catch (e) {
      if (e instanceof Refusal) return false;
      throw e;
    }
  }

  demandNothingLater(store) {
    for (const n of store.numbers('register').filter(number => number > this.hashes.length).slice(0, 1000))
      demand(!this.isOwnersWord(store, n, 1), 'tampered', `register entry ${this.hashes.length} is missing or damaged, though later ones are there`);
  }

  append(stored, n) {
    const header = parseHeader(stored, { kind: 1, vaultId: this.vaultId }), { body, digest, signatures, hash } = splitSigned(stored);
    const entry = entryShape(body, `register entry ${n}`);
    demand(entry.number === n, 'misplaced', `register entry ${n} has another number inside`);
    demand(entry.features.length === 0, 'unsupported format', `the register asks for ${entry.features}`);
    demand(n === 0 ? entry.before === undefined : entry.before && same(entry.before, this.hashes[n - 1]), 'tampered', `register entry ${n} does not follow the one before`);
    const changes = entry.changes.filter(([type]) => type < 128).map(([type, map]) => {
      demand(type in changeShapes, 'unsupported format', `unknown register change ${type}`);
      return { type, ...cbor.record(changeShapes[type])(map, `register change ${type}`) };
    });
    if (n > 0) this.demandOwners(verifiedSigners(signatures, digest, m => this.keyOf(m)), this.ownersNeeded);
    this.vaultId ??= header.vaultId;
    for (const change of changes) this.apply(change, n);
    if (n === 0) this.demandOwners(verifiedSigners(signatures, digest, m => this.keyOf(m)), 1);
    const owners = [...this.members.keys()].filter(m => this.mayAct(m, roles.owner)).length;
    demand(this.epochs.size > 0 && this.ownersNeeded >= 1 && this.ownersNeeded <= owners, 'malformed', `register entry ${n} leaves no epoch, or too few owners`);
    this.hashes.push(hash);
  }

  demandOwners(signers, needed) {
    demand(signers.filter(m => this.mayAct(m, roles.owner)).length >= needed, 'not entitled', 'a register entry lacks signatures of owners');
  }

  apply(change, n) {
    const member = change.memberId && hex(change.memberId);
    demand(member === undefined || change.type === 3 || this.members.has(member), 'malformed', `change ${change.type} names an unknown member`);
    switch (change.type) {
      case 1: demand(n === 0 && change.packBytes <= 64 * 2 ** 20, 'malformed', 'vault parameters out of place'); break;
      case 2: demand(change.epoch === this.epochs.size + 1, 'malformed', 'epochs leave a gap'); this.epochs.set(change.epoch, change.publicKey); break;
      case 3: this.addMember(member, change); break;
      case 4: this.grants.push({ ...change, member }); break;
      case 5: this.ownersNeeded = change.ownersNeeded; break;
      case 8: demand(same(change.replaces ?? none, this.keyring?.objectId ?? none), 'malformed', 'a keyring root does not replace the one that stands'); this.keyring = change; break;
      case 11: demand(this.ledger === undefined || change.number > this.ledger.number, 'malformed', 'a ledger head goes back'); this.ledger = change; break;
      case 12: this.placeHold(hex(change.holdId), change); break;
      case 13: demand(this.legalHolds.get(hex(change.holdId))?.stands, 'malformed', 'a hold is released that does not stand'); this.legalHolds.get(hex(change.holdId)).stands = false; break;
      case 9: this.members.get(member).kept = new Set(change.kept.map(hex)); break;
      case 10: this.bundles.set(member, change.objectId); this.unlockers.set(member, change.unlockers); break;
    }
  }

  placeHold(holdId, change) {
    demand(change.scope <= 2, 'unsupported format', `unknown hold scope ${change.scope}`);
    demand(!this.legalHolds.has(holdId), 'malformed', 'a hold is placed twice');
    this.legalHolds.set(holdId, { ...change, stands: true });
  }

  addMember(member, change) {
    const key = change.signingKeys.find(([algorithm]) => algorithm === 1)?.[1];
    demand(key?.length === 32 && hex(sha256(key)) === member, 'malformed', 'a member id is not the hash of its key');
    demand(!this.members.get(member)?.kept, 'malformed', 'a revoked member is added again');
    this.members.set(member, { key, sealingKey: change.sealingKey, name: change.name, roles: change.roles, dataSets: change.dataSets?.map(hex) });
  }

  keyOf(member) { return this.members.get(member)?.key; }

  // Owners hold all rights; a revoked member none, but for the manifests that its revocation keeps.
  mayAct(member, wanted) {
    return this.hasRole(member, wanted) && !this.isRevoked(member);
  }

  isRevoked(member) { return this.members.get(member)?.kept !== undefined; }

  hasRole(member, role) { return ((this.members.get(member)?.roles ?? 0) & (roles.owner | role)) !== 0; }

  mayWrite(member, dataSet) {
    const { dataSets } = this.members.get(member);
    return this.hasRole(member, roles.owner) || (this.hasRole(member, roles.writer) && (!dataSets || dataSets.includes(dataSet)));
  }

  demandHead([number, hash], who) {
    demand(number < this.hashes.length, 'rolled back', `${who} knows register entry ${number}`);
    demand(same(this.hashes[number], hash), 'forked', `${who} knows another register entry ${number}`);
  }

  // The keys of every epoch granted to this member: epoch -> { chunkId, chunker, index, metadata, names, identity }.
  openGrants(member, sealingSeed) {
    const keys = new Map();
    for (const grant of this.grants.filter(g => g.member === member)) {
      const header = grantHeader(this.vaultId, grant.epoch, grant.objectId);
      const granted = grantShape(cbor.decode(openEnvelope(sealingSeed, 'sb1/grant', header, grant.envelope)), 'grant');
      demand(!granted.identity || same(sealingPublicKey(granted.identity), this.epochs.get(grant.epoch)), 'tampered', `the grant of epoch ${grant.epoch} holds another vault key than the register`);
      keys.set(grant.epoch, granted);
    }
    return { identity: epoch => keys.get(epoch)?.identity, of: (epoch, name) => keys.get(epoch)?.[name] ?? refuse('wrong key', `no ${name} key of epoch ${epoch} is granted`) };
  }
}

const none = Buffer.alloc(0);
const entryName = n => `register/${String(n).padStart(10, '0')}`;

function grantHeader(vaultId, epoch, objectId) {
  const bytes = Buffer.concat([Buffer.from('SECBKUP1'), Buffer.of(1, 1, 0, 0), Buffer.alloc(4), vaultId, objectId]);
  bytes.writeUInt32LE(epoch, 12);
  return { bytes, objectId };
}
