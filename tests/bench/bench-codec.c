/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libpf as a BenchCodec, and anchors loaded from shared objects. */
#include "bench-codec.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "pf.h"

static int
libpf_init (void)
{
  return 0; /* tables are made on first use */
}

static void *
libpf_create (int field, unsigned k, unsigned m, size_t size)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFec *fec;

  config.scheme = field == BENCH_GF16    ? PF_FEC_GF16
                  : field == BENCH_AUDIO ? PF_FEC_AUDIO
                                         : PF_FEC_GF8;
  config.data_shards = k;
  config.parity_shards = m;
  config.shard_size = size;
  return pf_fec_new (&config, &fec) == PF_OK ? fec : NULL;
}

static int
libpf_encode (void *ctx, uint8_t *const *data, uint8_t *const *parity)
{
  return pf_fec_encode (ctx, (const uint8_t *const *) data, parity);
}

static int
libpf_decode (void *ctx, uint8_t *const *data, uint8_t *const *parity,
    const uint8_t *present)
{
  return pf_fec_decode (ctx, data, (const uint8_t *const *) parity, present);
}

static void
libpf_destroy (void *ctx)
{
  pf_fec_free (ctx);
}

static size_t
libpf_memory (void *ctx)
{
  return pf_fec_memory (ctx);
}

void
bench_codec_libpf (BenchCodec *codec)
{
  memset (codec, 0, sizeof *codec);
  snprintf (codec->name, sizeof codec->name, "libpf");
  codec->init = libpf_init;
  codec->create = libpf_create;
  codec->encode = libpf_encode;
  codec->decode = libpf_decode;
  codec->destroy = libpf_destroy;
  codec->memory = libpf_memory;
}

/* POSIX lets dlsym() return functions; ISO C has no cast for it. */
static int
load_function (void *object, const char *symbol, void *function, size_t size)
{
  void *address = dlsym (object, symbol);

  if (address == NULL || size != sizeof address)
    return -1;
  memcpy (function, &address, size);
  return 0;
}

const char *
bench_codec_load (BenchCodec *codec, const char *path)
{
  static const char *const symbols[] = { "pf_anchor_name", "pf_anchor_init",
    "pf_anchor_create", "pf_anchor_encode", "pf_anchor_decode",
    "pf_anchor_destroy" };
  static char why[512];
  const char *(*name) (void) = NULL;
  void *object = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  struct {
    void *function;
    size_t size;
  } slots[6];
  size_t i;

  memset (codec, 0, sizeof *codec);
  if (object == NULL) {
    snprintf (why, sizeof why, "%s", dlerror ());
    return why;
  }
  slots[0].function = &name, slots[0].size = sizeof name;
  slots[1].function = &codec->init, slots[1].size = sizeof codec->init;
  slots[2].function = &codec->create, slots[2].size = sizeof codec->create;
  slots[3].function = &codec->encode, slots[3].size = sizeof codec->encode;
  slots[4].function = &codec->decode, slots[4].size = sizeof codec->decode;
  slots[5].function = &codec->destroy, slots[5].size = sizeof codec->destroy;
  for (i = 0; i < 6; i++)
    if (load_function (object, symbols[i], slots[i].function, slots[i].size)) {
      snprintf (why, sizeof why, "%s: has no function %s", path, symbols[i]);
      return why;
    }
  snprintf (codec->name, sizeof codec->name, "%s", name ());
  return NULL;
}
