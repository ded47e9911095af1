/** On every container of a server, whatever runs it: `sweep` goes by it. */
export const INSTANCE_LABEL = 'miniwhisk.instance';

/**
 * What images that start as root need to bring up a service: own and change files, drop to another user, bind to a low
 * port, end children. Upstream's runtimes run as root and unpack archives, so dropping everything would break them; what
 * OpenWhisk takes away (NET_RAW, NET_ADMIN) and what no action needs (MKNOD, SETFCAP, SETPCAP, SYS_CHROOT, AUDIT_WRITE)
 * is gone.
 */
export const KEPT_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
];
