// Everything that this reader refuses is refused under one of the words of docs/format/reading.md.
export class Refusal extends Error {
  constructor(as, what) {
    super(`${as}: ${what}`);
    this.as = as;
    this.what = what;
  }
}

export const refuse = (as, what) => { throw new Refusal(as, what); };
export const demand = (holds, as, what) => { if (!holds) refuse(as, what); };

// What `act` refuses, with the name of the object that it was refused for.
export function under(name, act) {
  try { return act(); } catch (e) {
    throw e instanceof Refusal ? new Refusal(e.as, `${name}: ${e.what}`) : e;
  }
}

export const hex = bytes => Buffer.from(bytes).toString('hex');
export const same = (a, b) => Buffer.compare(a, b) === 0;
