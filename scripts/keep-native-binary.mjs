// Takes away the WebSocket library's binaries for other platforms and Node versions: 86 of 92 MB. For images.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const folder = fileURLToPath(new URL('../node_modules/uWebSockets.js/', import.meta.url));
const own = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
const binaries = readdirSync(folder).filter((name) => name.endsWith('.node'));
if (!binaries.includes(own)) {
  process.stderr.write(`keep-native-binary: there is no ${own}; README.md, "Node 22 and newer", says what to do\n`);
  process.exit(1);
}
for (const name of binaries) if (name !== own) rmSync(join(folder, name));
process.stdout.write(`keep-native-binary: kept ${own}, removed ${binaries.length - 1}\n`);
