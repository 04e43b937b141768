// The reader against vaults written by the fixture: what it reads, and what it refuses.
import assert from 'node:assert/strict';
import { appendFileSync, lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fixture } from './fixture.mjs';
import { readOwnerKey } from './keys.mjs';
import { entriesOf } from './listing.mjs';
import { Restorer } from './restore.mjs';
import { openVault } from './vault.mjs';
import { sha256 } from './seal.mjs';
import { Verifier } from './verify.mjs';

const path = (...names) => names.map(n => Buffer.from(n, 'latin1'));
const modified = [1_700_000_000, 250_000_000];
const tree = [
  { path: path('shop'), kind: 2, more: { 4: modified, 5: 0o750 } },
  { path: path('shop', 'a\xff'), kind: 1, data: Buffer.alloc(70_000, 'x'), more: { 4: modified, 5: 0o640 } },
  { path: path('shop', 'b'), kind: 4, more: { 11: path('shop', 'a\xff') } },
  { path: path('shop', 'empty'), kind: 1, more: { 4: modified, 5: 0o600 } },
  { path: path('shop', 'link'), kind: 3, more: { 4: modified, 10: Buffer.from('../x') } },
];

async function written(t, files = tree) {
  const root = mkdtempSync(join(tmpdir(), 'second-reader-')), fixture = new Fixture(join(root, 'vault'));
  t.after(() => rmSync(root, { recursive: true }));
  const snapshot = await fixture.write(files);
  return { root, fixture, ...snapshot, open: () => openVault(fixture.root, { ownerKey: readOwnerKey(fixture.ownerKey()) }) };
}

function restored(vault, destination) {
  new Restorer(destination, vault.read).restore(entriesOf(vault.read, vault.manifests.ownerPart(vault.snapshots[0]).listing));
  return name => Buffer.from(join(destination, 'shop', name), 'latin1');
}

const refusedAs = (as, act) => assert.rejects(async () => act(), e => e.as === as || assert.fail(e.stack));
const nameIn = (fixture, room) => join(fixture.root, room, readdirSync(join(fixture.root, room))[0]);
const flip = (file, at) => { const bytes = readFileSync(file); bytes[at < 0 ? bytes.length + at : at] ^= 1; writeFileSync(file, bytes); };

test('a vault opens by key file and by passphrase, verifies, and restores', async t => {
  const { root, fixture, open } = await written(t), vault = await open();
  assert.deepEqual(new Verifier(vault).run(), []);
  const at = restored(vault, join(root, 'out')), file = lstatSync(at('a\xff'));
  assert.deepEqual(readFileSync(at('a\xff')), tree[1].data);
  assert.deepEqual([file.mode & 0o7777, file.mtimeMs, file.nlink], [0o640, 1_700_000_000_250, 2]);
  assert.equal(lstatSync(at('b')).ino, file.ino);
  assert.equal(lstatSync(at('empty')).size, 0);
  assert.equal(readlinkSync(at('link')), '../x');
  assert.deepEqual([lstatSync(at('')).mode & 0o7777, lstatSync(at('')).mtimeMs], [0o750, 1_700_000_000_250]);
  assert.equal((await openVault(fixture.root, { passphrase: fixture.passphrase })).snapshots.length, 1);
  await refusedAs('wrong key', () => openVault(fixture.root, { passphrase: 'another' }));
});

test('a weakened derivation is refused', async t => {
  const { fixture } = await written(t);
  rmSync(join(fixture.root, 'keys'), { recursive: true });
  await fixture.unlockers(19455);
  await refusedAs('weakened key derivation', () => openVault(fixture.root, { passphrase: fixture.passphrase }));
});

test('a changed register or bundle is refused, a changed manifest is no snapshot', async t => {
  const { fixture, open } = await written(t), found = ['tampered', 'wrong key', 'malformed', 'not entitled', 'forked', 'unsupported format'];
  for (const room of ['register', 'bundles', 'snapshots']) {
    const file = nameIn(fixture, room), bytes = readFileSync(file);
    for (const at of [81, 200, -1]) {
      flip(file, at);
      const refusal = await open().then(vault => vault.snapshots.length === 0 ? vault.problems[0] : assert.fail(`${room} ${at}`), e => e);
      assert.ok(found.includes(refusal.as), refusal.stack);
      writeFileSync(file, bytes);
    }
  }
  assert.equal((await open()).snapshots.length, 1);
});

test('headers: cut, wrong magic, unknown version or flag, misplaced', async t => {
  const { fixture, open } = await written(t), file = nameIn(fixture, 'snapshots'), bytes = readFileSync(file);
  const refusal = async () => { const { problems, snapshots } = await open(); return [problems.map(p => p.as).join(), snapshots.length]; };
  for (const [at, as] of [[0, 'no object'], [8, 'misplaced'], [9, 'unsupported format'], [10, 'unsupported format'], [20, 'misplaced'], [60, 'misplaced']]) {
    flip(file, at);
    assert.deepEqual(await refusal(), [as, 0]);
    writeFileSync(file, bytes);
  }
  writeFileSync(file, bytes.subarray(0, 79));
  assert.deepEqual(await refusal(), ['no object', 0]);
});

test('chains: a missing predecessor, one with another hash, a number that does not follow', async t => {
  const { fixture, pack, ownerPart, objectId, hash, open } = await written(t);
  const opened = async options => {
    const { objectId: added } = fixture.manifest(ownerPart, pack, tree, options), { problems, snapshots } = await open();
    rmSync(join(fixture.root, 'snapshots', added.toString('hex')));
    return [problems.map(p => p.as).join(), snapshots.length];
  };
  assert.deepEqual(await opened({ before: [objectId, hash], sequence: 1 }), ['', 2]);
  assert.deepEqual(await opened({ before: [Buffer.alloc(32, 1), hash], sequence: 1 }), ['missing snapshot', 2]);
  assert.deepEqual(await opened({ before: [objectId, Buffer.alloc(32)], sequence: 1 }), ['tampered', 2]);
  assert.deepEqual(await opened({ before: [objectId, hash], sequence: 2 }), ['tampered', 1]);
  assert.deepEqual(await opened({ before: [objectId, hash], sequence: 1, isWriters: true }), ['tampered', 1]);
});

test('of a revoked writer only what its revocation keeps counts, with ancestors even behind a removed one', async t => {
  const { fixture, pack, ownerPart, open } = await written(t), chain = [];
  for (let sequence = 0; sequence < 4; sequence++)
    chain.push(fixture.manifest(ownerPart, pack, tree, { sequence, isWriters: true, before: chain.length ? [chain.at(-1).objectId, chain.at(-1).hash] : undefined }));
  fixture.remove(chain[1]);
  const before = await open();
  assert.deepEqual([before.snapshots.length, before.problems], [4, []]);
  fixture.revokeWriter([chain[2].hash]);
  const { snapshots, problems } = await open(), has = m => snapshots.some(s => s.id === m.objectId.toString('hex'));
  assert.deepEqual(chain.map(has), [true, false, true, false]);
  assert.deepEqual(problems.map(p => p.as), ['not entitled']);
});

test('a register that ends before what the owner knows is rolled back, another entry forks it', async t => {
  const { fixture, open } = await written(t), { head } = fixture;
  fixture.head = [1, sha256(fixture.revokeWriter([]))];
  const ownerKey = readOwnerKey(fixture.ownerKey()), withKey = key => () => openVault(fixture.root, { ownerKey: key });
  ownerKey.genesis = head[1];
  assert.equal((await withKey(ownerKey)()).snapshots.length, 1);
  await refusedAs('forked', withKey({ ...ownerKey, head: [1, Buffer.alloc(32)] }));
  rmSync(join(fixture.root, 'register/0000000001'));
  await refusedAs('rolled back', withKey(ownerKey));
  fixture.head = head;
  assert.equal((await open()).snapshots.length, 1);
});

test('every changed byte of a pack is found; a frame that does not open is refused', async t => {
  const { fixture, pack, open } = await written(t), vault = await open(), file = join(fixture.root, 'packs', pack.id.toString('hex').slice(0, 2), pack.id.toString('hex'));
  const bytes = readFileSync(file);
  for (const at of [20, 100, 1210, 1300, bytes.length - 120, -40, -1]) {
    flip(file, at);
    assert.notEqual(new Verifier(await open()).run().length, 0, `${at}`);
    writeFileSync(file, bytes);
  }
  flip(file, 1300);
  await refusedAs('tampered', () => vault.read(fixture.chunks[0].id));
  appendFileSync(file, 'x');
  assert.notEqual(new Verifier(vault).run().length, 0);
});

test('a segment whose page or footer was changed is refused', async t => {
  const { fixture, open } = await written(t), file = nameIn(fixture, 'index');
  flip(file, 500);
  const vault = await open();
  assert.throws(() => vault.read(fixture.chunks[0].id), e => e.as === 'tampered');
  flip(file, 80);
  assert.deepEqual((await open()).problems.map(p => p.as), ['wrong key']);
});

test('names that leave the destination are refused, and entries below a link', async t => {
  for (const name of ['.', '..', '', 'a/b', 'a\0b']) {
    const { root, open } = await written(t, [tree[0], tree[1], { path: path('shop', name), kind: 1, data: Buffer.from('x') }].sort((a, b) => Buffer.compare(a.path.at(-1), b.path.at(-1)) * (a.path.length === b.path.length ? 1 : 0) || a.path.length - b.path.length));
    const vault = await open();
    assert.throws(() => restored(vault, join(root, 'out')), e => e.as === 'malformed' || assert.fail(e.stack), JSON.stringify(name));
  }
  const { root, open } = await written(t, [tree[0], { path: path('shop', 'l'), kind: 3, more: { 10: Buffer.from('/tmp') } }, { path: path('shop', 'l', 'x'), kind: 1, data: Buffer.from('x') }]);
  const vault = await open();
  assert.throws(() => restored(vault, join(root, 'out')), e => e.as === 'malformed');
});
