/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The local socket by which pf-host is asked and told things: 0600, in a
 * directory that is ours alone, and only for processes of the same user (or
 * root, who can do everything anyway). A request is one line, the answer is
 * one JSON object in one line.
 */
#ifndef PF_HOST_ADMIN_H
#define PF_HOST_ADMIN_H

#include <gio/gio.h>

typedef struct _PfAdmin PfAdmin;

/* Answers one request; the text is JSON without line ends. */
typedef gchar *(*PfAdminFunc) (const gchar *request, gpointer user);

/* A socket of this NAME in the runtime directory. NULL if there is none to be
 * had, or another process listens there. */
PfAdmin *pf_admin_new (
    const gchar *name, PfAdminFunc answer, gpointer user, GError **error);
void pf_admin_free (PfAdmin *admin);
const gchar *pf_admin_path (const PfAdmin *admin);

/* The other end: sends a request and waits at most some seconds. */
gchar *pf_admin_ask (const gchar *path, const gchar *request, GError **error);
/* The sockets of all hosts that this user has running. */
gchar **pf_admin_find (void);

#endif /* PF_HOST_ADMIN_H */
