// A vault, opened: the steps of docs/format/reading.md in order.
import { Index } from './index.mjs';
import { openOwner } from './keys.mjs';
import { Snapshots } from './manifest.mjs';
import { Packs } from './packs.mjs';
import { Records } from './records.mjs';
import { Register } from './register.mjs';
import { Store } from './store.mjs';

export async function openVault(folder, credential) {
  const store = new Store(folder), register = Register.read(store), owner = await openOwner(store, register, credential);
  const manifests = new Snapshots(store, register, owner), { snapshots, problems } = manifests.readAll();
  const index = Index.open(store, register, owner.keys), packs = new Packs(store, owner);
  const records = new Records(store, register, owner, snapshots);
  return { store, register, manifests, records, snapshots, index, packs, problems: [...problems, ...index.problems], read: chunkId => index.read(packs, chunkId) };
}
