/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a secret may look like; see traces.h. */
#define _GNU_SOURCE /* memmem */
#include "traces.h"

#include <string.h>

#include "pf-test.h"

/* ---- What a key may look like ------------------------------------------- */

/* Six bytes of a key, as they would be printed. */
enum { PART = 6 };

static GBytes *
as_text (const guint8 *part, const gchar *format, const gchar *between)
{
  GString *s = g_string_new (NULL);

  for (guint i = 0; i < PART; i++) {
    if (i > 0)
      g_string_append (s, between);
    if (*format == 'x')
      g_string_append_printf (s, "%02x", part[i]);
    else if (*format == 'X')
      g_string_append_printf (s, "%02X", part[i]);
    else
      g_string_append_printf (s, "%u", part[i]);
  }
  return g_string_free_to_bytes (s);
}

/* Parts of the key in all forms. */
GPtrArray *
pf_traces_of (const guint8 *key, gsize size)
{
  static const gchar *const between[] = { "", " ", ":", ",", ", ", ", 0x",
    " 0x", "\\x", "-" };
  GPtrArray *traces =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (gsize at = 0; at + PART <= size; at += 3) {
    guint8 swapped[PART];
    gchar *base64;

    for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
      g_ptr_array_add (traces, as_text (key + at, "x", between[i]));
      g_ptr_array_add (traces, as_text (key + at, "X", between[i]));
      if (i > 0)
        g_ptr_array_add (traces, as_text (key + at, "u", between[i]));
    }
    g_ptr_array_add (traces, g_bytes_new (key + at, PART));
    for (guint i = 0; i < PART; i++)
      swapped[i] = key[at + PART - 1 - i];
    g_ptr_array_add (traces, g_bytes_new (swapped, PART));
    g_ptr_array_add (traces, as_text (swapped, "x", ""));
    base64 = g_base64_encode (key + at, PART); /* 8 characters, no padding */
    g_ptr_array_add (traces, g_bytes_new_take (base64, strlen (base64)));
  }
  return traces;
}

void
pf_traces_search (
    const gchar *where, const gchar *bytes, gsize size, const GPtrArray *traces)
{
  for (guint i = 0; i < traces->len; i++) {
    gsize n;
    const void *trace = g_bytes_get_data (traces->pdata[i], &n);

    if (memmem (bytes, size, trace, n)) {
      pf_test_fail (
          __FILE__, __LINE__, "a key shows in %s (form %u)", where, i);
      return;
    }
  }
}
