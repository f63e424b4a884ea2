/* What a Pod of a scenario does, as one static program. See --help below, and ../README.md.
 *
 * C with Mbed TLS, because the image is loaded into every kind cluster: in Go it is 5 MB, in Rust with rustls 2 MB. Of the two
 * libraries that Debian has for it, BearSSL would be half as large, but reads no PEM and takes twice the code. */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
/* A name that every API server's certificate has; Mbed TLS 2 compares no addresses. */
#define SERVER "kubernetes.default.svc"

static const char usage[] =
    "usage: pod wait                 until SIGTERM or SIGINT, which end it at once with 0\n"
    "       pod cat FILE             print a file\n"
    "       pod get PATH [TOKENFILE] ask the API server, print \"HTTP STATUS\" and the body\n"
    "       pod exit CODE            end with this code\n"
    "`get` finds the server in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, verifies it with\n"
    ACCOUNT "/ca.crt, and shows the token in TOKENFILE\n"
    "(default " ACCOUNT "/token).\n"
    "exit codes: 0 done (`get`: whatever the status), 1 it failed, 2 it was called wrongly\n";

__attribute__((noreturn, format(printf, 2, 3))) static void die(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("pod: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

/* Ends with what Mbed TLS says if it said no. */
static void check(int state, const char *what)
{
    char text[160];
    if (state >= 0)
        return;
    mbedtls_strerror(state, text, sizeof text);
    die(1, "%s: %s", what, text);
}

/* Reads a file to its end, terminated by a zero. */
static char *contents(const char *path, size_t *size)
{
    size_t room = 4096, length = 0, got;
    char *text = NULL;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(1, "cannot open %s: %s", path, strerror(errno));
    do {
        room *= 2;
        text = realloc(text, room);
        if (text == NULL)
            die(1, "no memory for %s", path);
        got = fread(text + length, 1, room - length - 1, file);
        length += got;
    } while (length == room - 1);
    if (ferror(file))
        die(1, "cannot read %s: %s", path, strerror(errno));
    fclose(file);
    text[length] = 0;
    if (size != NULL)
        *size = length;
    return text;
}

static void stop(int number)
{
    (void)number;
    _exit(0);
}

/* The first process of a Pod gets no signal that it does not handle, and inherits the children of the others, if the
 * Pod shares its processes (this is the sandbox of every Pod too). */
__attribute__((noreturn)) static void wait_for_signal(void)
{
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    signal(SIGCHLD, SIG_IGN);
    for (;;)
        pause();
}

static int cat(const char *path)
{
    size_t size;
    char *text = contents(path, &size);
    fwrite(text, 1, size, stdout);
    return 0;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == 0)
        die(1, "%s is not set", name);
    return value;
}

static int connect_to(const char *host, const char *port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)atoi(port))};
    struct timeval limit = {.tv_sec = 30};
    struct sockaddr *address = (struct sockaddr *)&v4;
    socklen_t size = sizeof v4;
    int fd;
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1) {
        if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
            die(1, "KUBERNETES_SERVICE_HOST is no address: %s", host);
        address = (struct sockaddr *)&v6;
        size = sizeof v6;
    }
    fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 || connect(fd, address, size) != 0)
        die(1, "cannot connect to %s, port %s: %s", host, port, strerror(errno));
    return fd;
}

/* Mbed TLS's own of these two come with getaddrinfo, a third of the program. */
static int send_some(void *fd, const unsigned char *text, size_t size)
{
    ssize_t sent = send(*(int *)fd, text, size, MSG_NOSIGNAL);
    return sent < 0 ? MBEDTLS_ERR_SSL_CONN_EOF : (int)sent;
}

static int receive_some(void *fd, unsigned char *text, size_t size)
{
    ssize_t got = recv(*(int *)fd, text, size, 0);
    return got < 0 ? MBEDTLS_ERR_SSL_TIMEOUT : (int)got;
}

/* Sends the request and returns all of the answer. HTTP/1.0: no chunks, and the server closes when it is done. */
static char *exchange(int fd, const char *request, const char *authorities)
{
    mbedtls_x509_crt trusted;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    mbedtls_ssl_context tls;
    size_t size, sent = 0, length = 0, room = 65536;
    char *answer = malloc(room);
    int state;

    mbedtls_x509_crt_init(&trusted);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&tls);
    if (mbedtls_x509_crt_parse(&trusted, (const unsigned char *)authorities, strlen(authorities) + 1) != 0)
        die(1, ACCOUNT "/ca.crt holds no certificate, or others than such");
    check(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "cannot get random numbers");
    check(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT), "cannot set up TLS");
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &trusted, NULL);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    check(mbedtls_ssl_setup(&tls, &config), "cannot set up TLS");
    check(mbedtls_ssl_set_hostname(&tls, SERVER), "cannot set up TLS");
    mbedtls_ssl_set_bio(&tls, &fd, send_some, receive_some, NULL);
    check(mbedtls_ssl_handshake(&tls), "no TLS with the server, of " SERVER " and that authority");

    for (size = strlen(request); sent < size; sent += (size_t)state) {
        state = mbedtls_ssl_write(&tls, (const unsigned char *)request + sent, size - sent);
        check(state, "cannot send the request");
    }
    for (;;) {
        if (length + 1 == room)
            answer = realloc(answer, room *= 2);
        if (answer == NULL)
            die(1, "no memory for the answer");
        state = mbedtls_ssl_read(&tls, (unsigned char *)answer + length, room - length - 1);
        if (state == 0 || state == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            break;
        check(state, "cannot read the answer");
        length += (size_t)state;
    }
    answer[length] = 0;
    return answer;
}

static int get(const char *path, const char *token_file)
{
    const char *host = environment("KUBERNETES_SERVICE_HOST"), *port = environment("KUBERNETES_SERVICE_PORT");
    char *authorities = contents(ACCOUNT "/ca.crt", NULL), *token = contents(token_file, NULL), *request, *answer, *body, *status;
    if (*path != '/')
        die(2, "%s is no path", path);
    token[strcspn(token, "\r\n")] = 0;
    if (asprintf(&request,
                 "GET %s HTTP/1.0\r\nHost: " SERVER "\r\nUser-Agent: pod\r\nAccept: application/json\r\n"
                 "Authorization: Bearer %s\r\n\r\n", path, token) < 0)
        die(1, "no memory for the request");
    answer = exchange(connect_to(host, port), request, authorities);
    body = strstr(answer, "\r\n\r\n");
    status = strchr(answer, ' ');
    if (strncmp(answer, "HTTP/", 5) != 0 || body == NULL || status == NULL || status > body)
        die(1, "the answer is not HTTP");
    printf("HTTP %.*s\n%s", (int)strcspn(status + 1, "\r\n"), status + 1, body + 4);
    return 0;
}

static int exit_with(const char *text)
{
    char *end;
    long code = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || code < 0 || code > 255)
        die(2, "%s is no exit code from 0 to 255", text);
    return (int)code;
}

int main(int count, char **argument)
{
    const char *name = count > 1 ? argument[1] : "";
    int state = 2;
    if (strcmp(name, "wait") == 0 && count == 2)
        wait_for_signal();
    signal(SIGTERM, stop);
    if (strcmp(name, "cat") == 0 && count == 3)
        state = cat(argument[2]);
    else if (strcmp(name, "get") == 0 && (count == 3 || count == 4))
        state = get(argument[2], count == 4 ? argument[3] : ACCOUNT "/token");
    else if (strcmp(name, "exit") == 0 && count == 3)
        state = exit_with(argument[2]);
    else if (strcmp(name, "--help") == 0 && fputs(usage, stdout) >= 0)
        state = 0;
    else
        fputs(usage, stderr);
    if (fflush(stdout) != 0)
        die(1, "cannot write: %s", strerror(errno));
    return state;
}
