/* http.h - the web door, as small as can be: links that stop mail (RFC 8058). GET and HEAD never change anything. */
#ifndef GATEWAYS_HTTP_HTTP_H
#define GATEWAYS_HTTP_HTTP_H
#include "forumd/run/session.h"

extern const struct session_ops http_ops;
#endif
