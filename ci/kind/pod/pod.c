/* What a Pod of a scenario does, as one static program. See --help below, and ../README.md.
 *
 * C with BearSSL, because the image goes into every kind cluster: it is 0.8 MB, 0.7 of them glibc; with Mbed TLS, which takes 60
 * lines less, it was 1.4. It looks up no name of a host, for which a static program would need glibc's shared libraries. */

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
#include <time.h>
#include <unistd.h>

#include <bearssl.h>

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define AUTHORITIES ACCOUNT "/ca.crt"
/* A name that every API server's certificate has: BearSSL compares no addresses. */
#define SERVER "kubernetes.default.svc"

static const char usage[] =
    "usage: pod wait                 until SIGTERM or SIGINT, which end it at once with 0\n"
    "       pod cat FILE             print a file\n"
    "       pod get PATH [TOKENFILE] ask the API server, print \"HTTP STATUS\" and the body\n"
    "       pod exit CODE            end with this code\n"
    "`get` finds the server in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, verifies it with\n"
    AUTHORITIES ", and shows the token in TOKENFILE\n"
    "(default " ACCOUNT "/token). It tries for a minute.\n"
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

/* Why the last attempt to get an answer gave none. */
static char problem[512];

__attribute__((format(printf, 1, 2))) static void *failed(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    return NULL;
}

/* A socket, or -1. */
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
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 && connect(fd, address, size) == 0)
        return fd;
    failed("cannot connect to %s, port %s: %s", host, port, strerror(errno));
    close(fd);
    return -1;
}

static int send_some(void *fd, const unsigned char *text, size_t size)
{
    return (int)send(*(int *)fd, text, size, MSG_NOSIGNAL);
}

static int receive_some(void *fd, unsigned char *text, size_t size)
{
    ssize_t got = recv(*(int *)fd, text, size, 0);
    return got > 0 ? (int)got : -1;
}

struct bytes {
    unsigned char *start;
    size_t size;
};

static void append(void *to, const void *from, size_t size)
{
    struct bytes *bytes = to;
    bytes->start = realloc(bytes->start, bytes->size + size);
    if (bytes->start == NULL)
        die(1, "no memory for the authorities");
    memcpy(bytes->start + bytes->size, from, size);
    bytes->size += size;
}

/* One certificate as an authority. What it points to is in the decoder and is never freed. */
static br_x509_trust_anchor authority(const struct bytes *certificate)
{
    struct bytes name = {NULL, 0};
    br_x509_decoder_context *decoder = malloc(sizeof *decoder);
    br_x509_pkey *key;
    if (decoder == NULL)
        die(1, "no memory for the authorities");
    br_x509_decoder_init(decoder, append, &name);
    br_x509_decoder_push(decoder, certificate->start, certificate->size);
    key = br_x509_decoder_get_pkey(decoder);
    if (key == NULL)
        die(1, "a certificate in " AUTHORITIES " cannot be read (BearSSL error %d)", br_x509_decoder_last_error(decoder));
    return (br_x509_trust_anchor){{name.start, name.size}, br_x509_decoder_isCA(decoder) ? BR_X509_TA_CA : 0, *key};
}

/* All certificates of the file of authorities. */
static br_x509_trust_anchor *authorities(size_t *count)
{
    size_t size, used;
    const char *text = contents(AUTHORITIES, &size);
    struct bytes certificate = {NULL, 0};
    br_x509_trust_anchor *all = NULL;
    br_pem_decoder_context pem;
    *count = 0;
    br_pem_decoder_init(&pem);
    for (; size > 0; text += used, size -= used) {
        used = br_pem_decoder_push(&pem, text, size);
        switch (br_pem_decoder_event(&pem)) {
        case BR_PEM_BEGIN_OBJ:
            certificate.size = 0;
            br_pem_decoder_setdest(&pem, append, &certificate);
            break;
        case BR_PEM_END_OBJ:
            all = realloc(all, (*count + 1) * sizeof *all);
            if (all == NULL)
                die(1, "no memory for the authorities");
            all[(*count)++] = authority(&certificate);
            break;
        case BR_PEM_ERROR:
            die(1, AUTHORITIES " is not PEM");
        }
    }
    return all;
}

/* Says what went wrong with a connection. */
static void *explain(int error)
{
    switch (error) {
    case BR_ERR_X509_NOT_TRUSTED:
        return failed("the certificate of the server is of no authority in " AUTHORITIES);
    case BR_ERR_X509_BAD_SERVER_NAME:
        return failed("the certificate of the server is not one of " SERVER);
    case BR_ERR_IO:
        return failed("the connection ended or was silent for 30 seconds before the answer was whole");
    default:
        return failed("no TLS with the server (BearSSL error %d)", error);
    }
}

/* Sends the request and returns all of the answer, or NULL. HTTP/1.0: no chunks, and the server closes when it is done. */
static char *exchange(int fd, const char *request, const br_x509_trust_anchor *trusted, size_t count)
{
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI], piece[4096];
    struct bytes answer = {NULL, 0};
    br_ssl_client_context client;
    br_x509_minimal_context verifier;
    br_sslio_context tls;
    int got, error;

    br_ssl_client_init_full(&client, &verifier, trusted, count);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    br_ssl_client_reset(&client, SERVER, 0);
    br_sslio_init(&tls, &client.eng, receive_some, &fd, send_some, &fd);
    br_sslio_write_all(&tls, request, strlen(request));
    br_sslio_flush(&tls);
    while ((got = br_sslio_read(&tls, piece, sizeof piece)) > 0)
        append(&answer, piece, (size_t)got);
    error = br_ssl_engine_last_error(&client.eng);
    if (error != BR_ERR_OK) {
        free(answer.start);
        return explain(error);
    }
    append(&answer, "", 1);
    return (char *)answer.start;
}

/* Asks until there is an answer, for a minute: a Pod may start before kube-proxy has made the server's address lead to it. */
static char *ask(const char *request)
{
    const char *host = environment("KUBERNETES_SERVICE_HOST"), *port = environment("KUBERNETES_SERVICE_PORT");
    size_t count;
    const br_x509_trust_anchor *trusted = authorities(&count);
    const time_t start = time(NULL);
    char *answer = NULL;
    for (;;) {
        int fd = connect_to(host, port);
        if (fd >= 0) {
            answer = exchange(fd, request, trusted, count);
            close(fd);
        }
        if (answer != NULL)
            return answer;
        if (time(NULL) - start >= 60)
            die(1, "%s", problem);
        usleep(200000);
    }
}

static int get(const char *path, const char *token_file)
{
    char *token = contents(token_file, NULL), *request, *answer, *body, *status;
    if (*path != '/')
        die(2, "%s is no path", path);
    token[strcspn(token, "\r\n")] = 0;
    if (asprintf(&request,
                 "GET %s HTTP/1.0\r\nHost: " SERVER "\r\nUser-Agent: pod\r\nAccept: application/json\r\n"
                 "Authorization: Bearer %s\r\n\r\n", path, token) < 0)
        die(1, "no memory for the request");
    answer = ask(request);
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
