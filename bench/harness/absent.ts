// Said by a peer that cannot take part: it is not installed, or not made for that work. Anything else that throws is a mistake.

export class Absent extends Error {
  override readonly name = 'Absent';
}
