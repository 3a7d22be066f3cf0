/** Bounds that several floors share. */

/** Characters an upstream string keeps; the rest is cut. */
export const MAX_TEXT_LENGTH = 512;
/** Characters of an id; a longer one is refused as an observation. */
export const MAX_ID_LENGTH = 256;
/** Entries of an upstream list of strings (capabilities, assignees). */
export const MAX_LIST_LENGTH = 128;
