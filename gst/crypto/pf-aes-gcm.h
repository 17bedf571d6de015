/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pfaesgcm: seals and opens media packets. See pf-aes-gcm.c. */
#ifndef PF_AES_GCM_H
#define PF_AES_GCM_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_AES_GCM (pf_aes_gcm_get_type ())
G_DECLARE_FINAL_TYPE (PfAesGcm, pf_aes_gcm, PF, AES_GCM, GstElement)

GST_ELEMENT_REGISTER_DECLARE (pfaesgcm)

G_END_DECLS

#endif /* PF_AES_GCM_H */
