/* listen.h - listening sockets: TCP (IPv4, IPv6), Unix, or inherited by systemd activation. Main thread. */
#ifndef FORUMD_NET_LISTEN_H
#define FORUMD_NET_LISTEN_H
#include "forumd/base/fail.h"

/* address numeric or "*"; port 0: the kernel chooses. Returns the descriptor (non-blocking, close-on-exec) or < 0. */
int listen_tcp(const char *address, unsigned port, int backlog, struct fail *f);
/* mode 0600; an old socket file nobody answers on is replaced */
int listen_unix(const char *path, int backlog, struct fail *f);
/* the port really bound */
unsigned listen_port(int fd);
/* LISTEN_FDS: the i-th inherited descriptor or -1 */
int listen_inherited(unsigned i);
#endif
