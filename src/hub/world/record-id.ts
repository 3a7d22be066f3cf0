import { MAX_ID_LENGTH } from '../../model/limits.ts';

/** True for an id that an entity may have: not empty, not longer than {@link MAX_ID_LENGTH}. */
export function isUsableId(id: string): boolean {
  return id.length > 0 && id.length <= MAX_ID_LENGTH;
}
