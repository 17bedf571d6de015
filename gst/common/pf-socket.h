/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * UDP sockets for plugins: many packets a call.
 *
 * Sending cuts packets of one size out of a single call where the kernel can
 * (UDP_SEGMENT), and remembers per socket where it cannot; then sendmmsg()
 * takes them, then sendmsg(). Receiving takes what the kernel put together
 * (UDP_GRO) and says of what size the packets in it are.
 *
 * Nothing blocks but pf_socket_wait(), and sending while the socket's buffer
 * is full, for PF_SOCKET_SEND_WAIT_MS at most; pf_socket_wake() ends both.
 */
#ifndef PF_SOCKET_H
#define PF_SOCKET_H

#include <gst/gst.h>
#include <sys/socket.h>
#include <sys/uio.h>

G_BEGIN_DECLS

/* ---- Addresses ---------------------------------------------------------- */

typedef struct {
  struct sockaddr_storage at;
  socklen_t size; /* 0: none */
} PfAddress;

/* Looks host up, which may wait for a name server. family is AF_INET, AF_INET6
 * or AF_UNSPEC; for AF_INET6 an IPv4 address is mapped. Without a host: any. */
gboolean pf_address_resolve (PfAddress *address, const gchar *host, guint port,
    int family, GError **error);

/* The same of "host:port" or "[host]:port", and where no port stands, with
 * this one. */
gboolean pf_address_parse (PfAddress *address, const gchar *text, guint port,
    int family, GError **error);

/* An IPv4 address as IPv6 sockets know it; others stay. */
void pf_address_map (PfAddress *address);

/* Host is the same, and port too unless pattern has none. */
gboolean pf_address_matches (
    const PfAddress *address, const PfAddress *pattern);

guint pf_address_port (const PfAddress *address);

gchar *pf_address_to_string (const PfAddress *address);

/* ---- Sockets ------------------------------------------------------------ */

#define PF_SOCKET_MAX_SEGMENTS 64
#define PF_SOCKET_MAX_DATAGRAM 65507
#define PF_SOCKET_SEND_WAIT_MS 100

/* How packets leave, best last. */
typedef enum {
  PF_SOCKET_SINGLE,
  PF_SOCKET_BATCH,
  PF_SOCKET_SEGMENTS,
} PfSocketPath;

/* Since the socket was made. */
typedef struct {
  guint64 packets, bytes; /* sent */
  guint64 gso_packets;    /* of those, by UDP_SEGMENT */
  guint64 dropped;        /* packets that were not sent */
  guint64 errors;         /* calls that failed, ICMP errors among them */
  guint64 syscalls;       /* to send and to receive */
  guint64 received;       /* packets */
  guint64 received_bytes; /* in them */
  guint64 gro_packets;    /* of those, several a call */
  guint64 overflows;      /* packets the kernel had no room for */
} PfSocketCounters;

/* Thread-safety: one thread sends and receives; any may wake. */
typedef struct _PfSocket PfSocket;

/* A socket bound to address, of its family. */
PfSocket *pf_socket_new (const PfAddress *address, GError **error);
void pf_socket_free (PfSocket *socket);

gboolean pf_socket_connect (
    PfSocket *socket, const PfAddress *address, GError **error);

int pf_socket_fd (const PfSocket *socket);
void pf_socket_local (const PfSocket *socket, PfAddress *address);
const PfSocketCounters *pf_socket_counters (const PfSocket *socket);

/* Asks for so many bytes; how many the kernel granted. */
guint pf_socket_set_send_buffer (PfSocket *socket, guint bytes);
guint pf_socket_set_receive_buffer (PfSocket *socket, guint bytes);

/* How much of the send buffer is taken. */
guint pf_socket_queued (const PfSocket *socket);

gboolean pf_socket_set_dscp (PfSocket *socket, guint dscp);

/* Packets are never fragmented; those too large for the path are lost. */
gboolean pf_socket_set_dont_fragment (PfSocket *socket, gboolean on);

/* Whether PfReceived says which of our addresses a message came to. */
gboolean pf_socket_set_tell_local (PfSocket *socket, gboolean on);

/* The same socket for another thread: with a path, counters and a wake of its
 * own. Messages go to whoever receives first. */
PfSocket *pf_socket_dup (const PfSocket *socket);

/* The best path that may be used. */
void pf_socket_set_path (PfSocket *socket, PfSocketPath path);
PfSocketPath pf_socket_get_path (const PfSocket *socket);

/* Whether the kernel can. */
gboolean pf_socket_set_gro (PfSocket *socket, gboolean on);

/* Sends n packets, packet i is packets[i], to the address or, with NULL, where
 * the socket is connected; how many were sent. What was not is counted, and
 * error, unless NULL, is then the last errno. */
guint pf_socket_send (PfSocket *socket, const PfAddress *to,
    const struct iovec *packets, guint n, int *error);

/* The same, from one of our addresses, that a socket bound to none in
 * particular has; NULL: the kernel chooses. */
guint pf_socket_send_from (PfSocket *socket, const PfAddress *to,
    const PfAddress *from, const struct iovec *packets, guint n, int *error);

typedef struct {
  gsize size;    /* of all */
  gsize segment; /* of each, the last may be shorter */
  PfAddress from;
  PfAddress to; /* of ours, with our port; size 0: not known */
} PfReceived;

/* Takes one message: 1, or 0 if there is none, or -errno. room should be
 * 65536. */
int pf_socket_receive (
    PfSocket *socket, gpointer to, gsize room, PfReceived *received);

typedef enum {
  PF_SOCKET_READY,
  PF_SOCKET_TIMEOUT,
  PF_SOCKET_WOKEN,
} PfSocketEvent;

/* Until there is something to receive; timeout -1 is forever. */
PfSocketEvent pf_socket_wait (PfSocket *socket, gint64 timeout_us);

/* From now on nothing waits, until wake is cleared. */
void pf_socket_wake (PfSocket *socket);
void pf_socket_clear_wake (PfSocket *socket);

G_END_DECLS

#endif /* PF_SOCKET_H */
