/**
 * The version of etcd's API that is spoken here, not Quorate's own: clients turn features on and off by it, and some
 * parse it as three dotted numbers.
 */
export const apiVersion = '3.4.23';

/** What all members of the cluster speak at least; etcd leaves the patch level at 0. */
export const clusterApiVersion = '3.4.0';
