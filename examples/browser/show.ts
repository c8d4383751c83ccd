// Writes a line into the page.

const log = document.querySelector('#log');

export function show(line: string): void {
  log?.append(`${line}\n`);
}
