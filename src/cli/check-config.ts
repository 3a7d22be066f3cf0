import { checkNamedFiles } from '../platform/config/named-files.ts';
import { effectiveSettings } from '../platform/config/load.ts';
import { maskSecrets, settingsTable } from '../platform/config/settings-table.ts';
import { EXIT, type CommandIo } from './command.ts';
import { CONFIG_FLAGS_HELP, parseConfigFlags } from './config-flags.ts';

const HELP = `swarmcast check-config — check the configuration and print what is in force

Usage: swarmcast check-config [options]

${CONFIG_FLAGS_HELP}
      --list             print every setting with its environment name, default and meaning
      --json             print JSON

Files that it names (keys, certificates) are read too. Exit code 0: usable. 2: refused, with every problem named.
Layers, weakest first: defaults, config/default.yaml, --config files, environment, flags.
`;

/** `swarmcast check-config`. */
export async function checkConfiguration(argv: string[], io: CommandIo): Promise<number> {
  const flags = parseConfigFlags(argv);
  if (flags.help) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  if (flags.list) {
    for (const setting of settingsTable()) {
      io.stdout.write(
        `${setting.path}  [${setting.env}]  default ${JSON.stringify(setting.default ?? null)}  ${setting.allowed ?? setting.kind}\n    ${setting.description}\n`,
      );
    }
    return EXIT.ok;
  }
  const loaded = flags.load();
  await checkNamedFiles(loaded.config);
  const settings = effectiveSettings(loaded).map((setting) => ({
    ...setting,
    value: maskSecrets(setting.value, setting.path),
  }));
  if (flags.json) io.stdout.write(`${JSON.stringify({ settings, notes: loaded.notes }, null, 2)}\n`);
  else {
    for (const { path, value, source } of settings) {
      io.stdout.write(`${path.padEnd(36)} ${JSON.stringify(value ?? null).padEnd(24)} ${source}\n`);
    }
    for (const note of loaded.notes) io.stdout.write(`note: ${note}\n`);
  }
  return EXIT.ok;
}
