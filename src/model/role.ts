export const ROLES = ['viewer', 'operator'] as const;
/** `viewer`: sees. `operator`: sees and does. */
export type Role = (typeof ROLES)[number];
