// What a case says when something is not as it must be. Runner-agnostic: it throws.

/** The transport, or what is built on it, is not as the contract says; or a case has waited too long. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

/** Throws a ContractError with this message unless the condition holds. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new ContractError(typeof message === 'string' ? message : message());
}

/** Throws a ContractError unless both read alike as JSON. */
export function same(what: string, received: unknown, expected: unknown): void {
  const [got, wanted] = [said(received), said(expected)];
  check(got === wanted, `Expected ${what} to be ${wanted}, got ${got}`);
}

/** What the promise rejects with. Throws a ContractError if it resolves. */
export async function rejection(what: string, promise: Promise<unknown>): Promise<unknown> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return error;
  }
  throw new ContractError(`Expected ${what} to reject, got ${said(result)}`);
}

/** An error in a few words: its code, or its name and message. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return said(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${code} (${error.message})` : `${error.name}: ${error.message}`;
}

function said(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
