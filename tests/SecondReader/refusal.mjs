// Everything that this reader refuses is refused under one of the words of docs/format/reading.md.
export class Refusal extends Error {
  constructor(as, what) {
    super(`${as}: ${what}`);
    this.as = as;
  }
}

export const refuse = (as, what) => { throw new Refusal(as, what); };
export const demand = (holds, as, what) => { if (!holds) refuse(as, what); };
export const hex = bytes => Buffer.from(bytes).toString('hex');
export const same = (a, b) => Buffer.compare(a, b) === 0;
