#pragma once
/* Types and constants of PKCS #11 2.40 alone: nothing is linked, a module is loaded when a configuration names one. */
#include <p11-kit-1/p11-kit/pkcs11.h>

/* PKCS #11 3.0: what a module answers to data that does not authenticate. */
static const CK_RV causeway_CKR_AEAD_DECRYPT_FAILED = 0x42UL;
