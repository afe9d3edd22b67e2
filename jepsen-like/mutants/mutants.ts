import { consensus } from './consensus.js';
import { durability } from './durability.js';
import { leases } from './leases.js';
import { membership } from './membership.js';
import { reads } from './reads.js';
import type { Mutant } from './types.js';
import { users } from './users.js';
import { watches } from './watches.js';

export const mutants: readonly Mutant[] = [
  ...durability,
  ...consensus,
  ...membership,
  ...reads,
  ...leases,
  ...users,
  ...watches,
];
