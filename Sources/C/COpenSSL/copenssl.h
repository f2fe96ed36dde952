#pragma once
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* Macros that Swift does not import, as constants. */
static const unsigned long causeway_XN_FLAG_RFC2253 = XN_FLAG_RFC2253;
static const int causeway_MBSTRING_UTF8 = MBSTRING_UTF8;

/* Begins HMAC-SHA-256 under a key. A parameter keeps the address of its name: made in Swift, it would point to a text that is gone by the time it is read. */
static inline int causeway_hmac_sha256_init(EVP_MAC_CTX *context, const void *key, size_t count) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()
  };
  return EVP_MAC_init(context, (const unsigned char *)key, count, parameters);
}
