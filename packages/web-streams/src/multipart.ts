// A form as a Blob (RFC 7578, as the HTML standard writes it), so that its size is known and its files are read only as they are sent.
// Knows nothing of requests.

/** The type of the blob holds the boundary. */
export function formBlob(form: FormData): Blob {
  // In lower case, as a Blob's type is. Nothing that is sent can hold it but by guessing 128 bits.
  const boundary = `halfpipe-${Array.from(crypto.getRandomValues(new Uint8Array(16)), hex).join('')}`;
  const parts: BlobPart[] = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(lines(name))}"`;
    if (typeof value === 'string') {
      parts.push(`${head}\r\n\r\n${lines(value)}\r\n`);
    } else {
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      parts.push(`${head}; filename="${escaped(nameOf(value))}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n');
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` });
}

/** Bun leaves a Blob in a form as it is, without the name that the standard gives it. */
function nameOf({ name = 'blob' }: Partial<File>): string {
  return name;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Every kind of line end as CR LF. */
function lines(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}

/** What would end a name early. */
function escaped(name: string): string {
  return name.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}
