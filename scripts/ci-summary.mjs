// Adds up the JSON reports of the test runs and prints the closing line. Exit code 1 when anything failed, a step
// among them, or when no test ran.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, stepsFailed, stepsSkipped = '0'] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests + (report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0);
}
// A step that failed without a failed test (a lint error, a build that broke) counts as one.
if (failed === 0 && stepsFailed !== '0') failed = 1;
const skipped = stepsSkipped === '0' ? '' : `, ${stepsSkipped} steps skipped`;
process.stdout.write(`${passed} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
