/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HTTP as GameStream's clients speak it; see gs-http.h. */
#include "gs-http.h"

#include <gio/gnetworking.h>
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <poll.h>
#include <string.h>

#define BACKLOG 128
#define HANDSHAKE_MS 5000
#define CONN "pf-gs-conn"

typedef enum {
  SILENT,  /* TLS, of which nothing came yet */
  READY,   /* the handshake may begin, when there is room */
  SHAKING, /* in a thread */
  OPEN,    /* libsoup has it */
} State;

typedef struct {
  PfGsHttp *http;
  GSocketConnection *transport; /* until OPEN */
  GIOStream *stream;            /* libsoup's, once OPEN: no reference */
  GSocket *socket;              /* NULL: it is no socket */
  GSocketAddress *local, *remote;
  GCancellable *cancel;
  GSource *readable;
  guint deadline;
  State state;
  gboolean tls, ending;
  GBytes *der; /* the client's certificate, or NULL */
  gchar *fingerprint, *peer_text, *local_text;
  PfPeerAddress peer;
  PfGsCall *call; /* that is to be answered */
} Conn;

struct _PfGsCall {
  Conn *conn;
  SoupServerMessage *message;
  GHashTable *query;
  gboolean late; /* the handler has returned */
  GSource *hang_up;
  void (*gone) (PfGsCall *call, gpointer user);
  gpointer user;
};

struct _PfGsHttp {
  SoupServer *soup;
  GSocketService *services[2]; /* plain, TLS */
  GTlsCertificate *certificate;
  PfGsHttpFunc func;
  gpointer user;
  guint request_ms;
  GList *conns; /* the newest first */
  guint handshakes;
  PfGsHttpStats stats;
};

/* ---- Connections -------------------------------------------------------- */

static void start_handshakes (PfGsHttp *http);

static void
conn_free (Conn *c)
{
  PfGsHttp *http = c->http;

  http->conns = g_list_remove (http->conns, c);
  http->stats.connections--;
  if (c->stream)
    g_object_set_data (G_OBJECT (c->remote), CONN, NULL);
  g_clear_handle_id (&c->deadline, g_source_remove);
  if (c->readable) {
    g_source_destroy (c->readable);
    g_source_unref (c->readable);
  }
  g_clear_object (&c->transport);
  g_clear_object (&c->socket);
  g_object_unref (c->local);
  g_object_unref (c->remote);
  g_object_unref (c->cancel);
  g_clear_pointer (&c->der, g_bytes_unref);
  g_free (c->fingerprint);
  g_free (c->peer_text);
  g_free (c->local_text);
  g_free (c);
}

/* The other end sees the end; so does libsoup, which then lets go. */
static void
hang_up (Conn *c)
{
  c->ending = TRUE;
  if (c->state == SHAKING)
    g_cancellable_cancel (c->cancel);
  else if (c->state == OPEN && c->socket)
    g_socket_shutdown (c->socket, TRUE, TRUE, NULL);
  else if (c->state != OPEN)
    conn_free (c);
}

static gboolean
on_deadline (gpointer data)
{
  Conn *c = data;

  c->deadline = 0;
  c->http->stats.late++;
  hang_up (c);
  return G_SOURCE_REMOVE;
}

static void
arm (Conn *c, guint ms)
{
  g_clear_handle_id (&c->deadline, g_source_remove);
  c->deadline = g_timeout_add (ms, on_deadline, c);
}

/* Addresses of IPv6 come by the network: whoever has one has all of it. */
static gboolean
is_same_peer (const PfPeerAddress *a, const PfPeerAddress *b)
{
  return pf_peer_address_is_v4 (a) ? pf_peer_address_same_ip (a, b)
                                   : memcmp (a->ip, b->ip, 8) == 0;
}

static guint
count (const PfGsHttp *http, const PfPeerAddress *peer, State first, State last)
{
  guint n = 0;

  for (GList *at = http->conns; at; at = at->next) {
    const Conn *c = at->data;

    if (c->state >= first && c->state <= last && is_same_peer (&c->peer, peer))
      n++;
  }
  return n;
}

static gchar *
address_text (GSocketAddress *address)
{
  return g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static PfPeerAddress
peer_of (GSocketAddress *address)
{
  GInetSocketAddress *at = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *ip = g_inet_socket_address_get_address (at);
  const guint16 port = g_inet_socket_address_get_port (at);

  return g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV4
             ? pf_peer_address_v4 (g_inet_address_to_bytes (ip), port)
             : pf_peer_address_v6 (g_inet_address_to_bytes (ip), port,
                   g_inet_socket_address_get_scope_id (at));
}

/* An address of its own, which libsoup gives back with each message. */
static Conn *
conn_new (PfGsHttp *http, GSocketAddress *local, GSocketAddress *remote)
{
  GInetSocketAddress *at = G_INET_SOCKET_ADDRESS (remote);
  Conn *c = g_new0 (Conn, 1);

  c->http = http;
  c->local = g_object_ref (local);
  c->remote = g_inet_socket_address_new (g_inet_socket_address_get_address (at),
      g_inet_socket_address_get_port (at));
  c->peer = peer_of (remote);
  c->peer_text = address_text (remote);
  c->local_text = address_text (local);
  c->cancel = g_cancellable_new ();
  http->conns = g_list_prepend (http->conns, c);
  http->stats.connections++;
  http->stats.accepted++;
  return c;
}

/* ---- From a connection to libsoup --------------------------------------- */

static void
on_stream_gone (gpointer data, GObject *stream)
{
  Conn *c = data;

  (void) stream;
  conn_free (c);
}

static void
open_stream (Conn *c, GIOStream *stream)
{
  g_autoptr (GError) error = NULL;

  c->state = OPEN;
  c->stream = stream;
  g_object_set_data (G_OBJECT (c->remote), CONN, c);
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, c);
  g_clear_object (&c->transport);
  arm (c, c->http->request_ms);
  if (!soup_server_accept_iostream (
          c->http->soup, stream, c->local, c->remote, &error))
    g_io_stream_close (stream, NULL, NULL);
}

static void
take_certificate (Conn *c, GTlsConnection *tls)
{
  GTlsCertificate *peer = g_tls_connection_get_peer_certificate (tls);
  g_autoptr (GByteArray) der = NULL;

  if (peer)
    g_object_get (peer, "certificate", &der, NULL);
  if (!der)
    return;
  c->der = g_byte_array_free_to_bytes (g_steal_pointer (&der));
  c->fingerprint = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, c->der);
}

static void
on_handshake (GObject *object, GAsyncResult *result, gpointer data)
{
  GTlsConnection *tls = G_TLS_CONNECTION (object);
  g_autoptr (GIOStream) stream = G_IO_STREAM (tls); /* was kept for this */
  Conn *c = data;
  PfGsHttp *http = c->http;
  const gboolean good =
      g_tls_connection_handshake_finish (tls, result, NULL) && !c->ending;

  http->handshakes--;
  c->state = READY;
  if (good) {
    take_certificate (c, tls);
    open_stream (c, stream);
  } else {
    conn_free (c);
  }
  start_handshakes (http);
}

/* Whose it is is asked at every request; here it is only proof of its key. */
static gboolean
on_certificate (GTlsConnection *tls, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer user)
{
  (void) tls;
  (void) certificate;
  (void) errors;
  (void) user;
  return TRUE;
}

static void
start_handshake (Conn *c)
{
  GIOStream *tls = g_tls_server_connection_new (
      G_IO_STREAM (c->transport), c->http->certificate, NULL);

  if (!tls) {
    conn_free (c);
    return;
  }
  g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUESTED,
      "require-close-notify", FALSE, NULL);
  g_signal_connect (
      tls, "accept-certificate", G_CALLBACK (on_certificate), NULL);
  c->state = SHAKING;
  c->http->handshakes++;
  g_tls_connection_handshake_async (
      G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, c->cancel, on_handshake, c);
}

/* The oldest first, but not many of one address. */
static void
start_handshakes (PfGsHttp *http)
{
  GList *at = g_list_last (http->conns);

  while (at && http->handshakes < PF_GS_HTTP_HANDSHAKES) {
    Conn *c = at->data;

    at = at->prev;
    if (c->state == READY && count (http, &c->peer, SHAKING, SHAKING) <
                                 PF_GS_HTTP_HANDSHAKES_OF_ADDRESS)
      start_handshake (c);
  }
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  Conn *c = data;

  (void) socket;
  (void) condition;
  g_clear_pointer (&c->readable, g_source_unref);
  c->state = READY;
  start_handshakes (c->http);
  return G_SOURCE_REMOVE;
}

static gboolean
is_welcome (PfGsHttp *http, GSocketAddress *remote)
{
  const PfPeerAddress peer = peer_of (remote);

  return http->stats.connections < PF_GS_HTTP_CONNECTIONS &&
         count (http, &peer, SILENT, OPEN) < PF_GS_HTTP_OF_ADDRESS;
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection,
    GObject *source, gpointer data)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);
  PfGsHttp *http = data;
  Conn *c;

  (void) source;
  if (!local || !remote)
    return TRUE;
  if (!is_welcome (http, remote)) {
    http->stats.refused++;
    return TRUE;
  }
  c = conn_new (http, local, remote);
  c->tls = service == http->services[1];
  c->socket = g_object_ref (g_socket_connection_get_socket (connection));
  g_socket_set_option (c->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  if (!c->tls) {
    open_stream (c, G_IO_STREAM (connection));
    return TRUE;
  }
  c->transport = g_object_ref (connection);
  arm (c, HANDSHAKE_MS);
  c->readable = g_socket_create_source (c->socket, G_IO_IN, NULL);
  g_source_set_callback (c->readable, G_SOURCE_FUNC (on_readable), c, NULL);
  g_source_attach (c->readable, NULL);
  return TRUE;
}

void
pf_gs_http_take (PfGsHttp *http, GIOStream *stream, GSocketAddress *local,
    GSocketAddress *remote, gboolean tls, GBytes *der)
{
  Conn *c = conn_new (http, local, remote);

  c->tls = tls;
  if (der) {
    c->der = g_bytes_ref (der);
    c->fingerprint = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  }
  open_stream (c, stream);
}

/* ---- Calls -------------------------------------------------------------- */

static void
wipe (gpointer data)
{
  gchar *text = data;

  explicit_bzero (text, strlen (text));
  g_free (text);
}

/* The text's own table, so that a key in it is wiped. */
static GHashTable *
wiped_copy (GHashTable *query)
{
  GHashTable *copy =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, wipe);
  GHashTableIter at;
  gpointer name, value;

  if (query)
    g_hash_table_iter_init (&at, query);
  while (query && g_hash_table_iter_next (&at, &name, &value)) {
    g_hash_table_insert (copy, g_strdup (name), g_strdup (value));
    explicit_bzero (value, strlen (value));
  }
  return copy;
}

/* NULL: it cannot be read. */
static GHashTable *
read_query (SoupServerMessage *message)
{
  const gchar *text = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) query = NULL;

  if (text && !(query = g_uri_parse_params (
                    text, -1, "&", G_URI_PARAMS_WWW_FORM, NULL)))
    return NULL;
  return wiped_copy (query);
}

static void
call_free (PfGsCall *call)
{
  call->conn->call = NULL;
  if (call->hang_up) {
    g_source_destroy (call->hang_up);
    g_source_unref (call->hang_up);
  }
  g_hash_table_unref (call->query);
  g_object_unref (call->message);
  g_free (call);
}

/* Nobody waits for the answer any more. */
static void
forget (PfGsCall *call)
{
  if (call->gone)
    call->gone (call, call->user);
  call_free (call);
}

static void
give_up (PfGsCall *call)
{
  Conn *c = call->conn;
  g_autoptr (SoupServerMessage) message = g_object_ref (call->message);

  forget (call);
  hang_up (c);
  soup_server_message_unpause (message);
}

static void
reply (PfGsCall *call, const gchar *type, const gchar *body, gsize size)
{
  SoupServerMessage *m = call->message;
  const gboolean late = call->late;

  arm (call->conn, call->conn->http->request_ms);
  /* clients ask once on a connection */
  soup_message_headers_replace (
      soup_server_message_get_response_headers (m), "Connection", "close");
  soup_server_message_set_status (m, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (m, type, SOUP_MEMORY_COPY, body, size);
  if (late)
    soup_server_message_unpause (m);
  call_free (call);
}

void
pf_gs_call_reply_xml (PfGsCall *call, const gchar *xml, gsize size)
{
  reply (call, "text/xml; charset=utf-8", xml, size);
}

void
pf_gs_call_reply_png (PfGsCall *call, GBytes *png)
{
  gsize size;
  const gchar *bytes = g_bytes_get_data (png, &size);

  reply (call, "image/png", bytes, size);
}

static gboolean
on_hang_up (gint fd, GIOCondition condition, gpointer data)
{
  (void) fd;
  (void) condition;
  give_up (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_parked_long (gpointer data)
{
  Conn *c = data;

  c->deadline = 0;
  give_up (c->call);
  return G_SOURCE_REMOVE;
}

void
pf_gs_call_park (PfGsCall *call, guint seconds,
    void (*gone) (PfGsCall *call, gpointer user), gpointer user)
{
  Conn *c = call->conn;

  call->gone = gone;
  call->user = user;
  g_clear_handle_id (&c->deadline, g_source_remove);
  c->deadline = g_timeout_add_seconds (seconds, on_parked_long, c);
  if (!c->socket)
    return;
  /* GIO has no name for the end of what the other side says. */
  call->hang_up = g_unix_fd_source_new (g_socket_get_fd (c->socket),
      (GIOCondition) (POLLRDHUP | POLLHUP | POLLERR));
  g_source_set_callback (call->hang_up, G_SOURCE_FUNC (on_hang_up), call, NULL);
  g_source_attach (call->hang_up, NULL);
}

const gchar *
pf_gs_call_path (const PfGsCall *call)
{
  return g_uri_get_path (soup_server_message_get_uri (call->message));
}

const gchar *
pf_gs_call_get (const PfGsCall *call, const gchar *name)
{
  return g_hash_table_lookup (call->query, name);
}

void
pf_gs_call_foreach (const PfGsCall *call, PfGsQueryFunc func, gpointer user)
{
  GHashTableIter at;
  gpointer name, value;

  g_hash_table_iter_init (&at, call->query);
  while (g_hash_table_iter_next (&at, &name, &value))
    func (name, value, user);
}

gboolean
pf_gs_call_is_tls (const PfGsCall *call)
{
  return call->conn->tls;
}

const guint8 *
pf_gs_call_der (const PfGsCall *call, gsize *size)
{
  *size = 0;
  return call->conn->der ? g_bytes_get_data (call->conn->der, size) : NULL;
}

const gchar *
pf_gs_call_fingerprint (const PfGsCall *call)
{
  return call->conn->fingerprint;
}

const PfPeerAddress *
pf_gs_call_peer (const PfGsCall *call)
{
  return &call->conn->peer;
}

const gchar *
pf_gs_call_peer_text (const PfGsCall *call)
{
  return call->conn->peer_text;
}

const gchar *
pf_gs_call_local_text (const PfGsCall *call)
{
  return call->conn->local_text;
}

gboolean
pf_gs_call_is_v4 (const PfGsCall *call)
{
  return pf_peer_address_is_v4 (&call->conn->peer);
}

/* ---- libsoup ------------------------------------------------------------- */

static Conn *
conn_of (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote ? g_object_get_data (G_OBJECT (remote), CONN) : NULL;
}

/* No request of a client has a body to speak of. */
static void
on_got_headers (SoupServerMessage *message, gpointer data)
{
  SoupMessageHeaders *h = soup_server_message_get_request_headers (message);
  const SoupEncoding encoding = soup_message_headers_get_encoding (h);
  Conn *c = conn_of (message);

  (void) data;
  if (c &&
      (encoding == SOUP_ENCODING_CHUNKED || encoding == SOUP_ENCODING_EOF ||
          soup_message_headers_get_content_length (h) > PF_GS_HTTP_BODY_MAX))
    hang_up (c);
}

static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  (void) soup;
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), data);
}

/* Answered, or the client is gone. */
static void
on_request_finished (
    SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  Conn *c = conn_of (message);

  (void) soup;
  (void) data;
  if (c && c->call && c->call->message == message)
    forget (c->call);
}

static void
handle (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  PfGsHttp *http = data;
  Conn *c = conn_of (message);
  PfGsCall *call;

  (void) soup;
  (void) path;
  (void) query;
  if (!c || c->call || c->ending) {
    soup_server_message_set_status (message, SOUP_STATUS_BAD_REQUEST, NULL);
    return;
  }
  http->stats.requests++;
  call = g_new0 (PfGsCall, 1);
  call->conn = c;
  call->message = g_object_ref (message);
  call->query = read_query (message);
  if (!call->query)
    call->query = wiped_copy (NULL);
  c->call = call;
  g_clear_handle_id (&c->deadline, g_source_remove);
  http->func (call, http->user);
  if (c->call == call) {
    call->late = TRUE;
    soup_server_message_pause (message);
  }
}

/* ---- Begin and end ------------------------------------------------------ */

static gboolean
listen_at (
    GSocketService *service, GInetAddress *address, guint port, GError **error)
{
  const GSocketFamily family = g_inet_address_get_family (address);
  g_autoptr (GSocketAddress) at =
      g_inet_socket_address_new (address, (guint16) port);
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (!socket)
    return FALSE;
  if (family == G_SOCKET_FAMILY_IPV6 &&
      !g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, 1, error))
    return FALSE;
  g_socket_set_listen_backlog (socket, BACKLOG);
  return g_socket_bind (socket, at, TRUE, error) &&
         g_socket_listen (socket, error) &&
         g_socket_listener_add_socket (
             G_SOCKET_LISTENER (service), socket, NULL, error);
}

/* A machine without IPv6 goes without. */
static gboolean
listen_everywhere (GSocketService *service, guint port, GError **error)
{
  g_autoptr (GInetAddress) v4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GInetAddress) v6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GError) problem = NULL;

  if (!listen_at (service, v6, port, &problem) &&
      g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  return listen_at (service, v4, port, error);
}

static gboolean
listen_on (
    GSocketService *service, const gchar *address, guint port, GError **error)
{
  g_autoptr (GInetAddress) one =
      address ? g_inet_address_new_from_string (address) : NULL;

  if (!address)
    return listen_everywhere (service, port, error);
  if (one)
    return listen_at (service, one, port, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "%s is no address", address);
  return FALSE;
}

PfGsHttp *
pf_gs_http_new (const PfGsHttpConfig *config, PfGsHttpFunc func, gpointer user,
    guint *port, GError **error)
{
  const guint ports[2] = { config->port, config->tls_port };
  PfGsHttp *http = g_new0 (PfGsHttp, 1);

  http->func = func;
  http->user = user;
  http->request_ms =
      config->request_ms ? config->request_ms : PF_GS_HTTP_REQUEST_MS;
  g_set_object (&http->certificate, config->certificate);
  http->soup = soup_server_new ("server-header", NULL, "raw-paths", TRUE, NULL);
  soup_server_add_handler (http->soup, NULL, handle, http, NULL);
  g_signal_connect (
      http->soup, "request-started", G_CALLBACK (on_request_started), http);
  g_signal_connect (
      http->soup, "request-finished", G_CALLBACK (on_request_finished), http);
  g_signal_connect (
      http->soup, "request-aborted", G_CALLBACK (on_request_finished), http);
  *port = 0;
  for (guint i = 0; i < 2; i++) {
    http->services[i] = g_socket_service_new ();
    g_signal_connect (
        http->services[i], "incoming", G_CALLBACK (on_incoming), http);
    if (ports[i] &&
        !listen_on (http->services[i], config->address, ports[i], error)) {
      *port = ports[i];
      pf_gs_http_free (http);
      return NULL;
    }
  }
  return http;
}

void
pf_gs_http_free (PfGsHttp *http)
{
  if (!http)
    return;
  for (guint i = 0; i < 2; i++)
    if (http->services[i]) {
      g_socket_service_stop (http->services[i]);
      g_socket_listener_close (G_SOCKET_LISTENER (http->services[i]));
    }
  for (GList *at = http->conns; at;) {
    Conn *c = at->data;

    at = at->next;
    if (c->call)
      forget (c->call);
    if (c->state != OPEN)
      hang_up (c);
  }
  soup_server_disconnect (http->soup);
  while (http->conns) /* handshakes end in threads */
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 2; i++)
    g_clear_object (&http->services[i]);
  g_object_unref (http->soup);
  g_clear_object (&http->certificate);
  g_free (http);
}

void
pf_gs_http_get_stats (const PfGsHttp *http, PfGsHttpStats *stats)
{
  *stats = http->stats;
}
