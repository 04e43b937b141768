// Manifests, their chains, removal records and reference pages (docs/format/manifest.md).
import * as cbor from './cbor.mjs';
import { Refusal, demand, hex, refuse, same, under } from './refusal.mjs';
import { roles } from './register.mjs';
import { derived, hmac, openBlob, openEnvelope } from './seal.mjs';
import { headShape, mostSignedBytes, splitSigned, verifiedSigner } from './signed.mjs';
import { contentShape } from './listing.mjs';

const { uint, id, text, bytes, list, tuple, optional, time } = cbor;
const linkShape = tuple(id, id);
const manifestShape = cbor.record({
  0: ['head', headShape], 1: ['writer', id], 2: ['sequence', uint], 3: ['before', optional(linkShape)], 4: ['heads', list(linkShape)],
  5: ['session', id], 6: ['metadata', bytes], 7: ['ownerPart', bytes],
});
const metadataShape = cbor.record({
  0: ['dataSetId', id], 1: ['dataSet', text], 2: ['started', time], 3: ['ended', time], 4: ['host', text], 5: ['tags', list(text)], 6: ['entries', uint],
  129: ['content', optional(uint)], 130: ['recordCounts', optional(tuple(uint, uint))], 7: ['contentBytes', uint], 8: ['newBytes', uint], 9: ['faults', uint], 10: ['outcome', uint], 11: ['refPages', list(id)], 12: ['packs', uint], 13: ['files', uint],
});
const ownerPartShape = cbor.record({
  0: ['listing', optional(tuple(uint, id))], 1: ['identities', contentShape], 2: ['roots', list(tuple(bytes, text, text))], 3: ['rules', list(text)], 4: ['faults', optional(contentShape)],
});
const removalShape = cbor.record({ 0: ['head', headShape], 1: ['removed', list(cbor.any)], 2: ['repeats', list(id)], 3: ['time', time], 4: ['reasons', bytes] });
const removedShape = cbor.record({ 0: ['snapshot', id], 1: ['hash', id], 2: ['writer', id], 3: ['sequence', uint], 4: ['before', list(linkShape)] });

export class Snapshots {
  constructor(store, register, owner) { Object.assign(this, { store, register, owner }); }

  // { snapshots, problems }: a manifest that is not accepted is reported and is no snapshot; everything else goes on.
  readAll() {
    const problems = [], attempt = (what, read) => {
      try { return under(what, read); } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        problems.push(e);
        return undefined;
      }
    };
    const present = this.store.ids('snapshots').map(objectId => attempt(`snapshots/${hex(objectId)}`, () => this.readOne(objectId))).filter(m => m);
    const removed = this.store.ids('removals').flatMap(objectId => attempt(`removals/${hex(objectId)}`, () => this.readRemoval(objectId)) ?? []);
    const known = new Map([...removed, ...present].map(m => [m.id, m])), kept = this.keptByRevocation(known);
    const snapshots = present.filter(m => attempt(`snapshots/${m.id}`, () => this.demandEntitled(m, known, kept)));
    for (const m of [...snapshots, ...removed]) for (const link of m.links) attempt(`snapshots/${m.id}`, () => this.demandLink(link, known));
    return { snapshots: snapshots.sort((a, b) => a.started.seconds - b.started.seconds || a.sequence - b.sequence), problems };
  }

  demandLink([snapshot, hash], known) {
    const other = known.get(hex(snapshot)) ?? refuse('missing snapshot', hex(snapshot));
    demand(same(other.hash, hash), 'tampered', `its predecessor ${other.id} has another hash`);
  }

  demandEntitled(manifest, known, kept) {
    const writer = hex(manifest.writer), before = manifest.before && known.get(hex(manifest.before[0]));
    demand(manifest.before ? !before || (same(before.writer, manifest.writer) && manifest.sequence === before.sequence + 1) : manifest.sequence === 0, 'tampered', 'a wrong sequence number');
    demand(this.register.mayWrite(writer, hex(manifest.dataSetId)), 'not entitled', `its signer may not write ${manifest.dataSet}`);
    demand(!this.register.isRevoked(writer) || kept.has(manifest.id), 'not entitled', 'its signer is revoked');
    return true;
  }

  // Of a revoked member's manifests those that its revocation names and their ancestors in its own chain, removed ones between them included.
  keptByRevocation(known) {
    const kept = new Set(), own = m => m.links.map(([id]) => known.get(hex(id))).filter(other => other && same(other.writer, m.writer));
    const open = [...known.values()].filter(m => this.register.members.get(hex(m.writer))?.kept?.has(hex(m.hash)));
    while (open.length > 0) {
      const m = open.pop();
      if (!kept.has(m.id)) open.push(...own(m));
      kept.add(m.id);
    }
    return kept;
  }

  readOne(objectId) {
    const { header, stored } = this.store.object('snapshots', objectId, mostSignedBytes), signed = splitSigned(stored);
    const body = manifestShape(signed.body, 'manifest'), writer = hex(body.writer);
    demand(verifiedSigner(signed.signatures, signed.digest, m => this.register.keyOf(m)) === writer, 'not entitled', 'a manifest is not signed by the member that it names');
    this.register.demandHead(body.head, 'a manifest');
    const metadata = metadataShape(cbor.decode(openBlob(this.owner.keys.of(header.epoch, 'metadata'), 'sb1/meta', header, body.metadata)), 'metadata');
    const dataSetId = hmac(derived(this.owner.keys.of(header.epoch, 'names'), 'sb1/data-set'), Buffer.from(metadata.dataSet.normalize('NFC')));
    demand(same(dataSetId, metadata.dataSetId), 'tampered', 'a data-set id does not fit its name');
    return { ...body, ...metadata, id: hex(objectId), header, hash: signed.hash, links: [...(body.before ? [body.before] : []), ...body.heads] };
  }

  readRemoval(objectId) {
    const { header, stored } = this.store.object('removals', objectId, mostSignedBytes), signed = splitSigned(stored);
    const body = removalShape(signed.body, 'removal record'), signer = verifiedSigner(signed.signatures, signed.digest, m => this.register.keyOf(m));
    demand(this.register.mayAct(signer, roles.maintainer), 'not entitled', 'a removal record is not signed by a maintainer');
    this.register.demandHead(body.head, 'a removal record');
    const reasons = list(text)(cbor.decode(openBlob(this.owner.keys.of(header.epoch, 'metadata'), 'sb1/meta', header, body.reasons)), 'reasons');
    demand(reasons.length === body.removed.length, 'malformed', 'a removal record has not one reason for each snapshot');
    return body.removed.map(r => removedShape(r, 'removal')).map(r => ({ ...r, id: hex(r.snapshot), links: r.before }));
  }

  ownerPart(manifest) {
    const { header } = manifest;
    return ownerPartShape(cbor.decode(openEnvelope(this.owner.identity(header.epoch), 'sb1/owner', header, manifest.ownerPart)), 'owner part');
  }

  referencePage(pageId) {
    const { header, rest } = this.store.object('refs', pageId, 2 ** 18), ids = [];
    const plain = openBlob(this.owner.keys.of(header.epoch, 'metadata'), 'sb1/meta', header, rest);
    demand(same(hmac(derived(this.owner.keys.of(header.epoch, 'names'), 'sb1/refs'), plain), pageId), 'tampered', 'a reference page has another id than its content');
    demand(plain.length % 32 === 0 && plain.length > 0 && plain.length <= 4096 * 32, 'malformed', 'a reference page of odd length');
    for (let at = 0; at < plain.length; at += 32) ids.push(hex(plain.subarray(at, at + 32)));
    return ids;
  }

  // Hexadecimal ids of the packs in the snapshot's reference set.
  referenceSet(manifest) {
    const ids = [];
    for (const pageId of manifest.refPages) ids.push(...under(`refs/${hex(pageId)}`, () => this.referencePage(pageId)));
    demand(ids.every((v, i) => i === 0 || ids[i - 1] < v), 'malformed', 'a reference set does not ascend');
    demand(ids.length === manifest.packs, 'tampered', 'a reference set has another size than its manifest says');
    return new Set(ids);
  }
}
