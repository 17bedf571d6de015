/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the file of paired devices: what is taken out of any text is
 * fit to be shown, and grants nothing by accident.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "devices.h"
#include "pf-store.h"

static void
check_device (const PfDevice *d)
{
  FUZZ_CHECK (strlen (d->fingerprint) == 64);
  for (const gchar *c = d->fingerprint; *c; c++)
    FUZZ_CHECK (g_ascii_isdigit (*c) || (*c >= 'a' && *c <= 'f'));
  FUZZ_CHECK (*d->name && strlen (d->name) <= 64);
  FUZZ_CHECK (g_utf8_validate (d->name, -1, NULL));
  for (const gchar *c = d->name; *c; c = g_utf8_next_char (c))
    FUZZ_CHECK (g_unichar_isprint (g_utf8_get_char (c)));
  FUZZ_CHECK ((d->grants & ~(guint32) PF_MAY_ALL) == 0);
  FUZZ_CHECK (d->expires >= 0);
}

static void
check_list (PfDevices *devices)
{
  g_autoptr (GPtrArray) list = pf_devices_list (devices);

  for (guint i = 0; i < list->len; i++) {
    const PfDevice *d = g_ptr_array_index (list, i);
    g_autoptr (PfDevice) found = pf_devices_find (devices, d->fingerprint);

    check_device (d);
    FUZZ_CHECK (found != NULL);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *text = g_malloc (size + 1);
  JsonObject *root;
  PfDevices *devices;

  memcpy (text, data, size);
  text[size] = '\0';
  root = pf_store_parse (text, size, NULL);
  if (!root)
    return 0;
  FUZZ_CHECK (pf_store_is_bearable (text, size));
  devices = pf_devices_new (NULL, root, NULL);
  if (devices)
    check_list (devices);
  pf_devices_free (devices);
  return 0;
}
