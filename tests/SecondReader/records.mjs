// Sessions, verification and approval records, condemned markers and relocations (docs/format/sessions.md, manifest.md).
import * as cbor from './cbor.mjs';
import { Refusal, demand, hex, same } from './refusal.mjs';
import { roles } from './register.mjs';
import { openBlob } from './seal.mjs';
import { headShape, mostSignedBytes, splitSigned, verifiedSigner } from './signed.mjs';
import { kinds, nameOf, parseHeader } from './store.mjs';

const { uint, id, text, bytes, list, tuple, optional, time } = cbor;
const sessionShape = cbor.record({ 0: ['head', headShape], 1: ['session', id], 2: ['number', uint], 3: ['time', time], 4: ['isEnd', optional(uint)] });
const verificationShape = cbor.record({ 0: ['head', headShape], 1: ['snapshot', id], 2: ['hash', id], 3: ['sealed', bytes] });
const checkShape = cbor.record({
  0: ['time', time], 1: ['packs', uint], 2: ['packsRead', uint], 3: ['bytesRead', uint], 4: ['first', id], 5: ['last', id], 6: ['isComplete', uint], 7: ['faults', uint], 8: ['depth', uint],
});
const approvalShape = verificationShape;
const decisionShape = cbor.record({ 0: ['number', uint], 1: ['verdict', uint], 2: ['time', time], 3: ['reason', text] });
const condemnedShape = cbor.record({ 0: ['head', headShape], 1: ['packs', list(id)], 2: ['time', time] });
const relocationShape = cbor.record({ 0: ['head', headShape], 1: ['sealed', bytes], 2: ['time', time] });
const movesShape = list(tuple(id, id));

export class Records {
  constructor(store, register, owner, snapshots) { Object.assign(this, { store, register, owner, snapshots }); }

  // Every record as [name, function that reads it or refuses].
  * all() {
    for (const session of this.store.sessions()) yield [`sessions/${session[0]}`, () => this.session(...session)];
    for (const room of ['verifications', 'approvals', 'condemned', 'relocations']) for (const objectId of this.store.ids(room)) yield [`${room}/${hex(objectId)}`, () => this[room](objectId)];
  }

  signed(stored, shape, role, what) {
    const { body, signatures, digest } = splitSigned(stored), record = shape(body, what), signer = verifiedSigner(signatures, digest, m => this.register.keyOf(m));
    // What a member left who was revoked since is no fault of the vault. It counts for nothing, but for relocations of packs that are gone.
    demand(this.register.hasRole(signer, role), 'not entitled', `a ${what} by a member without the right`);
    this.register.demandHead(record.head, `a ${what}`);
    return record;
  }

  session(file, session, number) {
    const stored = this.store.whole(`sessions/${file}`, mostSignedBytes);
    parseHeader(stored, { kind: kinds.sessions, vaultId: this.store.vaultId });
    const record = this.signed(stored, sessionShape, roles.writer, 'session'), isEnd = number === 'end';
    demand(hex(record.session) === session && (isEnd ? record.isEnd === 1 : record.isEnd === undefined && record.number === Number(number)), 'misplaced', 'a session under another name');
    return record;
  }

  verifications(objectId) {
    const { header, stored } = this.store.object('verifications', objectId, mostSignedBytes), record = this.signed(stored, verificationShape, roles.verifier, 'verification record');
    const snapshot = this.snapshots.find(s => s.id === hex(record.snapshot));
    demand(!snapshot || same(snapshot.hash, record.hash), 'tampered', 'a verification record of another manifest');
    return checkShape(cbor.decode(openBlob(this.owner.keys.of(header.epoch, 'metadata'), 'sb1/meta', header, record.sealed)), 'verification');
  }

  approvals(objectId) {
    const { header, stored } = this.store.object('approvals', objectId, mostSignedBytes), record = this.signed(stored, approvalShape, roles.verifier, 'approval record');
    const snapshot = this.snapshots.find(s => s.id === hex(record.snapshot));
    demand(!snapshot || same(snapshot.hash, record.hash), 'tampered', 'an approval record of another manifest');
    const decision = decisionShape(cbor.decode(openBlob(this.owner.keys.of(header.epoch, 'metadata'), 'sb1/meta', header, record.sealed)), 'decision');
    demand(decision.verdict <= 1, 'unsupported format', `verdict ${decision.verdict}`);
    return decision;
  }

  condemned(objectId) { return this.signed(this.store.object('condemned', objectId, mostSignedBytes).stored, condemnedShape, roles.maintainer, 'condemned marker'); }

  relocations(objectId) {
    const { header, stored } = this.store.object('relocations', objectId, mostSignedBytes), record = this.signed(stored, relocationShape, roles.maintainer, 'relocation');
    return movesShape(cbor.decode(openBlob(this.owner.keys.of(header.epoch, 'index'), 'sb1/index', header, record.sealed)), 'moves');
  }

  // Where what lay in these packs lies now: a pack that compaction took away is read as all that took over from it, wherever those have moved in turn.
  placesOf(packIds) {
    this.moves ??= this.readMoves();
    const places = new Set(), seen = new Set(packIds);
    for (const packId of seen) {
      const next = this.store.has(nameOf('packs', Buffer.from(packId, 'hex'))) ? undefined : this.moves.get(packId);
      if (next) for (const moved of next) seen.add(moved);
      else places.add(packId);
    }
    return places;
  }

  readMoves() {
    const moves = new Map();
    for (const objectId of this.store.ids('relocations')) {
      try {
        for (const [from, to] of this.relocations(objectId)) moves.set(hex(from), [...moves.get(hex(from)) ?? [], hex(to)]);
      } catch (e) { if (!(e instanceof Refusal)) throw e; }
    }
    return moves;
  }
}
