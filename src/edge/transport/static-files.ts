/**
 * The dashboard's files, as its build listed them (scripts/build-dashboard.mjs). Only what the list names is served,
 * from memory: no path of a request ever reaches the file system.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HttpReply } from '../../feed/feed.ts';

interface ListedFile {
  path: string;
  file: string;
  type: string;
  etag: string;
  /** Its name changes with its content. */
  hashed: boolean;
  encodings: { name: string; file: string }[];
}

interface ServedFile extends Omit<ListedFile, 'encodings'> {
  bytes: Uint8Array;
  /** Best first. */
  encodings: { name: string; bytes: Uint8Array }[];
}

export interface StaticFiles {
  /** The reply to GET or HEAD of `path`; undefined when no such file is listed. */
  reply(path: string, headers: RequestHeaders): HttpReply | undefined;
}

/** Each empty when absent. */
interface RequestHeaders {
  acceptEncoding: string;
  ifNoneMatch: string;
  host: string;
}

const NOT_BUILT = 'The dashboard is not built: run "npm run build", then start the gateway again.\n';
const NOTHING = new Uint8Array(0);

/** Where `npm run build` puts it, from src/ and from dist/ alike. */
const DASHBOARD_LIST = fileURLToPath(new URL('../../../dist/dashboard/files.json', import.meta.url));

/**
 * Reads all listed files into memory. Without a list (no build) only `/` is answered, and says so.
 * @throws when the list names a file that cannot be read: a broken build.
 */
export async function loadStaticFiles(list: string = DASHBOARD_LIST): Promise<StaticFiles> {
  const listed = await readList(list);
  if (listed === undefined) {
    return {
      reply: (path) => (path === '/' ? plain(503, NOT_BUILT) : undefined),
    };
  }
  const files = new Map<string, ServedFile>();
  for (const { encodings, ...file } of listed) {
    files.set(file.path, {
      ...file,
      bytes: await readFile(join(dirname(list), file.file)),
      encodings: await Promise.all(
        encodings.map(async (encoding) => ({
          name: encoding.name,
          bytes: await readFile(join(dirname(list), encoding.file)),
        })),
      ),
    });
  }
  return {
    reply: (path, headers) => {
      const file = files.get(path);
      return file === undefined ? undefined : fileReply(file, headers);
    },
  };
}

async function readList(list: string): Promise<ListedFile[] | undefined> {
  try {
    return (JSON.parse(await readFile(list, 'utf8')) as { files: ListedFile[] }).files;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileReply(file: ServedFile, { acceptEncoding, ifNoneMatch, host }: RequestHeaders): HttpReply {
  const encoding = file.encodings.find(({ name }) => accepts(acceptEncoding, name));
  // Each coding is a representation of its own.
  const etag = encoding === undefined ? file.etag : `${file.etag.slice(0, -1)}-${encoding.name}"`;
  const headers: Record<string, string> = {
    ...SAFETY,
    'content-security-policy': contentSecurityPolicy(host),
    'content-type': file.type,
    'cache-control': file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    etag,
  };
  if (ifNoneMatch.split(',').some((known) => known.trim().replace(/^W\//, '') === etag)) {
    return { status: 304, headers, body: NOTHING };
  }
  if (encoding !== undefined) headers['content-encoding'] = encoding.name;
  return { status: 200, headers, body: encoding?.bytes ?? file.bytes };
}

const SAFETY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** No code but our files, no connection but to where the page came from, no frame around it. */
function contentSecurityPolicy(host: string): string {
  // Not every browser takes 'self' to include the WebSockets of its own host.
  const sockets = /^[\w.:[\]-]{1,255}$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** Whether an Accept-Encoding header allows a coding; `q=0` forbids it. */
function accepts(header: string, coding: string): boolean {
  return header.split(',').some((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

function plain(status: number, text: string): HttpReply {
  return {
    status,
    headers: { ...SAFETY, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: new TextEncoder().encode(text),
  };
}
