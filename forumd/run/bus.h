/* bus.h - committed changes, from the writer to every worker and to listeners such as the mail scheduler. */
#ifndef FORUMD_RUN_BUS_H
#define FORUMD_RUN_BUS_H
#include <stddef.h>
#include "forumd/forum/change.h"

/* called on the writer thread; must be quick and must not block */
typedef void (*bus_listener)(void *arg, const struct change *v, size_t n);
void bus_listen(bus_listener fn, void *arg);
void bus_unlisten(bus_listener fn, void *arg);
void bus_publish(const struct change *v, size_t n);
#endif
