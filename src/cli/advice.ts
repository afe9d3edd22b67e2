import type { ClientErrorCode } from '../client/index.js';

/** What to do next about refusals that do not say it themselves. */
const advice: Readonly<Partial<Record<ClientErrorCode, string>>> = {
  unavailable: 'is a member running there? --endpoints, or QUORATE_ENDPOINTS, says where to ask',
  'lease-not-found': '`quorate lease list` shows which there are; `quorate lease grant` begins one',
  'lease-exists': '`quorate lease ttl` shows what it is; without --id, the new one gets an id of its own',
  'no-space': '`quorate alarm --help` tells how to make room',
  'member-not-found': '`quorate member list` shows who is there',
  'peer-urls-exist': '`quorate member list` shows whose they are',
  'not-enough-started-members':
    'too few members would be left to decide: start those that are down first; `quorate status --cluster` shows them',
  'too-many-learners': 'promote the learner that is there first, or remove it: `quorate member list`',
  'learner-not-ready': '`quorate status --cluster` shows how far it is: try again when it has caught up',
  unhealthy:
    'not all members have been connected for some seconds: `quorate status --cluster` shows them; then try again',
  'configuration-change-in-progress': 'another change is under way: try again in a moment',
  'user-empty': 'users are enabled here: give --user NAME',
  'authentication-failed': 'check --user and its password',
  'root-user-missing': 'add it first: quorate user add root',
  'root-role-missing': 'grant it first: quorate user grant-role root root',
  'user-not-found': '`quorate user list` shows who is there',
  'role-not-found': '`quorate role list` shows which there are; `quorate role add` adds one',
  'permission-not-granted': '`quorate role get` shows the permissions; name exactly the same keys',
  'role-not-granted': "`quorate user get` shows the user's roles",
  'invalid-auth-management': 'root and its role are needed while users are enabled: quorate auth disable',
  'password-too-long': 'choose one of at most 72 bytes',
};

export function adviceOn(code: ClientErrorCode): string | undefined {
  return advice[code];
}
