#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* curl_easy_setopt and curl_easy_getinfo take variable arguments, which Swift does not call: one function for each type of argument. */
static inline CURLcode causeway_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode causeway_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode causeway_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode causeway_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode causeway_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
  struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
  return curl_easy_setopt(handle, option, &blob);
}
static inline CURLcode causeway_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

typedef size_t (*causeway_curl_data)(char *bytes, size_t size, size_t count, void *context);
typedef int (*causeway_curl_progress)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
typedef curl_socket_t (*causeway_curl_open)(void *context, curlsocktype purpose, struct curl_sockaddr *address);

static inline CURLcode causeway_curl_set_callbacks(CURL *handle, void *context, causeway_curl_data body, causeway_curl_data field,
                                                   causeway_curl_progress progress, causeway_curl_open open) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, field);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, progress);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
  return code;
}

/* Macros with casts, as values. */
static const curl_socket_t causeway_CURL_SOCKET_BAD = CURL_SOCKET_BAD;
static const int causeway_SOCK_CLOEXEC = SOCK_CLOEXEC;
