/**
 * Property tests run the same cases each time, so that a red run is the change's doing. `TEST_SEED=random npm run
 * test:unit` looks further; fast-check prints the seed of what fails, and TEST_SEED=<seed> repeats it.
 */
import { configureGlobal } from 'fast-check';

const DEFAULT_SEED = 20_261_121;
const wanted = process.env['TEST_SEED'] ?? String(DEFAULT_SEED);
if (wanted !== 'random') configureGlobal({ seed: Number(wanted) });
