// Writes a listing into a new folder: bytes, names, modes, times, symbolic and hard links. Names are bytes throughout.
import { chmodSync, closeSync, linkSync, lutimesSync, mkdirSync, openSync, symlinkSync, utimesSync, writeSync } from 'node:fs';
import { demand, refuse } from './refusal.mjs';
import { chunksOf, kinds } from './listing.mjs';

const slash = Buffer.from('/');
const joined = path => Buffer.concat(path.flatMap((c, i) => i === 0 ? [c] : [slash, c]));
const keyOf = path => joined(path).toString('latin1');

function demandPlain(path) {
  for (const component of path) {
    const name = component.toString('latin1');
    demand(name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name), 'malformed', 'a name that is no plain file name');
  }
}

export class Restorer {
  constructor(destination, read) {
    this.destination = Buffer.from(destination);
    this.read = read;
    this.directories = new Map();
    this.files = new Set();
    this.hardLinks = [];
    this.skipped = [];
  }

  restore(entries) {
    mkdirSync(this.destination);
    for (const entry of entries) this.write(entry);
    for (const entry of this.hardLinks) {
      demand(entry.firstName && this.files.has(keyOf(entry.firstName)), 'malformed', 'a hard link names no file of the snapshot');
      linkSync(this.at(entry.firstName), this.at(entry.path));
    }
    for (const entry of [...this.directories.values()].reverse()) this.finish(entry, this.at(entry.path));
  }

  at(path) { return Buffer.concat([this.destination, slash, joined(path)]); }


  write(entry) {
    const path = this.at(entry.path);
    demandPlain(entry.path);
    // Parents are folders that stand before in this listing: nothing is ever written through a link.
    demand(entry.path.length === 1 || this.directories.has(keyOf(entry.path.slice(0, -1))), 'malformed', 'an entry whose folder does not stand before it');
    if (entry.domain) { this.skipped.push(entry); return; }
    switch (entry.kind) {
      case kinds.directory:
        mkdirSync(path, 0o700);
        this.directories.set(keyOf(entry.path), entry);
        break;
      case kinds.file:
        this.writeFile(entry, path);
        this.files.add(keyOf(entry.path));
        this.finish(entry, path);
        break;
      case kinds.symlink:
        symlinkSync(entry.target ?? refuse('malformed', 'a symbolic link without target'), path);
        lutimesSync(path, ...times(entry));
        break;
      case kinds.hardLink:
        demand(entry.firstName, 'malformed', 'a hard link without first name');
        demandPlain(entry.firstName);
        this.hardLinks.push(entry);
        break;
      default:
        this.skipped.push(entry);
    }
  }

  writeFile(entry, path) {
    const fd = openSync(path, 'wx', 0o600);
    let size = 0;
    try {
      for (const chunk of chunksOf(this.read, entry.content)) {
        for (let done = 0; done < chunk.length;) done += writeSync(fd, chunk, done, chunk.length - done);
        size += chunk.length;
      }
    } finally { closeSync(fd); }
    demand(size === Number(entry.size ?? 0), 'tampered', 'a file has another size than its entry says');
  }

  finish(entry, path) {
    if (entry.mode !== undefined) chmodSync(path, entry.mode & 0o7777);
    utimesSync(path, ...times(entry));
  }
}

// Node takes seconds as a double: times are exact to the microsecond.
const times = ({ modified: { seconds, nanoseconds } }) => { const t = seconds + nanoseconds / 1e9; return [t, t]; };
