/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The local socket; see admin.h. */
#include "admin.h"

#include "pf-runtime.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "host-"
#define SUFFIX ".sock"
#define USERS "/run/user"
#define MAX_REQUEST 4096
#define MAX_CLIENTS 16
#define DEADLINE_S 5 /* for a request */
#define ANSWER_S 20  /* a host may be choosing an encoder */

struct _PfAdmin {
  gchar *path;
  GSocketService *service;
  GCancellable *cancel; /* of all clients when we end */
  guint clients;
  GList *calls; /* the same */
  PfAdminFunc answer;
  gpointer user;
};

/* One that is asking. */
struct _PfAdminCall {
  PfAdmin *admin;
  GSocketConnection *connection;
  GDataInputStream *in;
  GCancellable *cancel;
  gulong ended;
  guint deadline;
  gchar *reply;
  gboolean asked; /* the answer is being made */
  GSource *hang_up;
  void (*gone) (PfAdminCall *call, gpointer user);
  gpointer user;
};

static void
call_free (PfAdminCall *c)
{
  c->admin->clients--;
  c->admin->calls = g_list_remove (c->admin->calls, c);
  g_cancellable_disconnect (c->admin->cancel, c->ended);
  g_clear_handle_id (&c->deadline, g_source_remove);
  if (c->hang_up) {
    g_source_destroy (c->hang_up);
    g_source_unref (c->hang_up);
  }
  g_object_unref (c->in);
  g_object_unref (c->connection);
  g_object_unref (c->cancel);
  g_free (c->reply);
  g_free (c);
}

static void
on_written (GObject *object, GAsyncResult *result, gpointer data)
{
  g_output_stream_write_all_finish (
      G_OUTPUT_STREAM (object), result, NULL, NULL);
  call_free (data);
}

void
pf_admin_reply (PfAdminCall *c, gchar *text)
{
  c->asked = FALSE;
  c->gone = NULL;
  c->reply = g_strconcat (text, "\n", NULL);
  g_free (text);
  g_output_stream_write_all_async (
      g_io_stream_get_output_stream (G_IO_STREAM (c->connection)), c->reply,
      strlen (c->reply), G_PRIORITY_DEFAULT, c->cancel, on_written, c);
}

/* Nobody waits for the answer any more. */
static void
give_up (PfAdminCall *c)
{
  if (c->gone)
    c->gone (c, c->user);
  call_free (c);
}

/* The other end closed, or says more than it may. */
static gboolean
on_hang_up (GPollableInputStream *stream, gpointer data)
{
  PfAdminCall *c = data;

  (void) stream;
  if (c->asked)
    give_up (c);
  return G_SOURCE_REMOVE;
}

static void
on_line (GObject *object, GAsyncResult *result, gpointer data)
{
  PfAdminCall *c = data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = g_data_input_stream_read_line_finish_utf8 (
      G_DATA_INPUT_STREAM (object), result, NULL, &error);

  if (!line || strlen (line) > MAX_REQUEST) {
    call_free (c);
    return;
  }
  c->asked = TRUE;
  c->admin->answer (c, line, c->admin->user);
}

static gboolean
on_deadline (gpointer data)
{
  PfAdminCall *c = data;

  c->deadline = 0;
  if (c->asked)
    give_up (c);
  else
    g_cancellable_cancel (c->cancel);
  return G_SOURCE_REMOVE;
}

void
pf_admin_wait (PfAdminCall *c, guint seconds,
    void (*gone) (PfAdminCall *call, gpointer user), gpointer user)
{
  c->gone = gone;
  c->user = user;
  g_clear_handle_id (&c->deadline, g_source_remove);
  c->deadline = g_timeout_add_seconds (seconds, on_deadline, c);
  c->hang_up = g_pollable_input_stream_create_source (
      G_POLLABLE_INPUT_STREAM (
          g_io_stream_get_input_stream (G_IO_STREAM (c->connection))),
      NULL);
  g_source_set_callback (c->hang_up, G_SOURCE_FUNC (on_hang_up), c, NULL);
  g_source_attach (c->hang_up, NULL);
}

static void
on_admin_ended (GCancellable *cancel, gpointer data)
{
  (void) cancel;
  g_cancellable_cancel (data);
}

/* The kernel says who is on the other end; the mode of the socket is not the
 * only guard. */
static gboolean
is_allowed (GSocketConnection *connection)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (
      g_socket_connection_get_socket (connection), NULL);
  uid_t uid;

  if (!credentials)
    return FALSE;
  uid = g_credentials_get_unix_user (credentials, NULL);
  return uid == geteuid () || uid == 0;
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection,
    GObject *source, gpointer data)
{
  PfAdmin *a = data;
  PfAdminCall *c;

  (void) service;
  (void) source;
  if (a->clients >= MAX_CLIENTS || !is_allowed (connection))
    return TRUE;
  c = g_new0 (PfAdminCall, 1);
  c->admin = a;
  a->clients++;
  a->calls = g_list_prepend (a->calls, c);
  c->connection = g_object_ref (connection);
  c->in = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_buffered_input_stream_set_buffer_size (
      G_BUFFERED_INPUT_STREAM (c->in), MAX_REQUEST);
  c->cancel = g_cancellable_new ();
  c->ended = g_cancellable_connect (
      a->cancel, G_CALLBACK (on_admin_ended), c->cancel, NULL);
  c->deadline = g_timeout_add_seconds (DEADLINE_S, on_deadline, c);
  g_data_input_stream_read_line_async (
      c->in, G_PRIORITY_DEFAULT, c->cancel, on_line, c);
  return TRUE;
}

/* A socket that nobody listens on is left over from one that was killed. */
static gboolean
clear_stale (const gchar *path, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  connection = g_socket_client_connect (
      client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  if (connection) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
        "another pf-host listens at %s", path);
    return FALSE;
  }
  g_unlink (path);
  return TRUE;
}

static gboolean
listen_at (PfAdmin *a, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (a->path);
  const mode_t old = umask (0177);
  const gboolean good =
      g_socket_listener_add_address (G_SOCKET_LISTENER (a->service), address,
          G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error);

  umask (old);
  return good;
}

PfAdmin *
pf_admin_new (
    const gchar *name, PfAdminFunc answer, gpointer user, GError **error)
{
  g_autofree gchar *dir = pf_runtime_dir (TRUE, error);
  g_autofree gchar *file = g_strconcat (PREFIX, name, SUFFIX, NULL);
  PfAdmin *a;

  if (!dir)
    return NULL;
  a = g_new0 (PfAdmin, 1);
  a->path = g_build_filename (dir, file, NULL);
  a->service = g_socket_service_new ();
  a->cancel = g_cancellable_new ();
  a->answer = answer;
  a->user = user;
  if (!clear_stale (a->path, error) || !listen_at (a, error)) {
    g_clear_pointer (&a->path, g_free);
    pf_admin_free (a);
    return NULL;
  }
  g_signal_connect (a->service, "incoming", G_CALLBACK (on_incoming), a);
  g_socket_service_start (a->service);
  return a;
}

void
pf_admin_free (PfAdmin *a)
{
  if (!a)
    return;
  g_socket_service_stop (a->service);
  g_socket_listener_close (G_SOCKET_LISTENER (a->service));
  g_cancellable_cancel (a->cancel);
  for (GList *at = a->calls; at;) {
    PfAdminCall *c = at->data;

    at = at->next;
    if (c->asked)
      give_up (c);
  }
  while (a->clients > 0)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (a->service);
  g_object_unref (a->cancel);
  if (a->path)
    g_unlink (a->path);
  g_free (a->path);
  g_free (a);
}

const gchar *
pf_admin_path (const PfAdmin *a)
{
  return a->path;
}

/* ---- The other end ------------------------------------------------------- */

gchar *
pf_admin_ask (
    const gchar *path, const gchar *request, guint seconds, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GDataInputStream) in = NULL;
  g_autofree gchar *line = g_strconcat (request, "\n", NULL);
  gchar *reply;

  g_socket_client_set_timeout (client, seconds ? seconds : ANSWER_S);
  connection = g_socket_client_connect (
      client, G_SOCKET_CONNECTABLE (address), NULL, error);
  if (!connection || !g_output_stream_write_all (g_io_stream_get_output_stream (
                                                     G_IO_STREAM (connection)),
                         line, strlen (line), NULL, NULL, error))
    return NULL;
  in = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  reply = g_data_input_stream_read_line_utf8 (in, NULL, NULL, error);
  if (!reply && error && !*error)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
        "%s: closed without an answer", path);
  return reply;
}

static void
find_in (const gchar *path, GStrvBuilder *found)
{
  g_autoptr (GDir) dir = path ? g_dir_open (path, 0, NULL) : NULL;
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *full = g_build_filename (path, name, NULL);

    if (g_str_has_prefix (name, PREFIX) && g_str_has_suffix (name, SUFFIX))
      g_strv_builder_add (found, full);
  }
}

/* What root started goes on as another user. */
static void
find_of_users (GStrvBuilder *found)
{
  g_autoptr (GDir) dir = g_dir_open (USERS, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path =
        g_build_filename (USERS, name, "gst-punktfunk", NULL);

    if (!g_str_equal (name, "0"))
      find_in (path, found);
  }
}

gchar **
pf_admin_find (void)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  g_autofree gchar *path = pf_runtime_dir (FALSE, NULL);

  find_in (path, found);
  if (geteuid () == 0)
    find_of_users (found);
  return g_strv_builder_end (found);
}
