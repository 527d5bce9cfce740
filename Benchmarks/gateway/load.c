// Load for a gateway in front of mock/mock.c (with --stamp, same machine, so one clock).
//
//   load streams --port P --streams N --chunks M [--ramp-ms 1000] [--usage]
//       N chat streams of M words; how late each word is against the stamp the mock wrote into it,
//       whether any is lost, repeated or out of order, and when the first came.
//   load closed --port P --connections C --seconds S
//       C connections, each with one request under way; requests per second and their latency.
//   load rate --port P --rate R --seconds S
//       R requests per second whether answered or not, on as many connections as that needs;
//       latency from the moment a request was due.
// all: [--body-bytes 0] of prompt, [--tokens 16], [--model mock], [--timeout-s 60] for the whole
// run.
//
// One thread, one epoll. Prints one line of JSON; exit status 0 if it could measure, whatever the
// gateway did.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, LINE_MAX_BYTES = 4096, CONNECTIONS_MAX = 8192, READ_BYTES = 65536 };

typedef enum {
    IN_HEAD,
    IN_LENGTH,
    IN_CHUNK_SIZE,
    IN_CHUNK,
    IN_CHUNK_END,
    IN_TRAILER,
    TO_CLOSE
} Part;

typedef struct {
    int fd;
    bool open, busy, connected, done_seen, usage_seen, error_seen, finish_seen, close_after;
    Part part;
    int status;
    uint64_t left;  // of a length or a chunk
    char head[HEAD_MAX];
    size_t head_count;
    char line[LINE_MAX_BYTES];
    size_t line_count;
    size_t sent;
    uint64_t begun;
    long next_word;
    bool first_seen;
} Connection;

static struct {
    const char *mode, *model, *path;
    int port, streams, chunks, ramp_ms, connections, rate, body_bytes, tokens;
    double seconds, timeout;
    bool usage;
} options = {.model = "mock",
             .path = "/v1/chat/completions",
             .streams = 100,
             .chunks = 100,
             .ramp_ms = 1000,
             .connections = 64,
             .rate = 100,
             .tokens = 16,
             .seconds = 3,
             .timeout = 60};

typedef struct {
    uint32_t* values;
    size_t count, capacity;
} Samples;  // in tenths of a microsecond

static struct {
    uint64_t requests, whole, refused, bad_status, cut, words, lost, disordered, repeated, no_done,
        no_usage, error_events, bytes, connects;
    int last_bad_status;
} counts;

static Samples delays, firsts, latencies;
static Connection* pool;
static int poll_fd, timer_fd;
static char* request;
static size_t request_count;
static uint64_t end_time;
static bool streaming;
static int stream_over;

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void add(Samples* samples, uint64_t nanoseconds) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
        samples->values = realloc(samples->values, samples->capacity * sizeof(uint32_t));
        if (!samples->values) exit(1);
    }
    uint64_t value = nanoseconds / 100;
    samples->values[samples->count++] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int compare(const void* left, const void* right) {
    uint32_t a = *(const uint32_t*)left, b = *(const uint32_t*)right;
    return (a > b) - (a < b);
}

static void print_samples(const char* name, Samples* samples) {
    if (!samples->count) {
        printf(", \"%s\": null", name);
        return;
    }
    qsort(samples->values, samples->count, sizeof(uint32_t), compare);
#define AT(share) (samples->values[(size_t)((double)(samples->count - 1) * (share))] / 1e4)
    printf(", \"%s\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f}",
           name, AT(0.5), AT(0.9), AT(0.99), AT(0.999), AT(1));
}

static void make_request(void) {
    size_t room = (size_t)options.body_bytes + 1024;
    char* body = malloc(room);
    request = malloc(room + 512);
    if (!body || !request) exit(1);
    int count = sprintf(
        body, "{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Say words. ",
        options.model);
    static const char filler[] = "the quick brown fox jumps over the lazy dog, and so it goes on; ";
    for (int i = 0; i < options.body_bytes; i++)
        body[count++] = filler[(size_t)i % (sizeof filler - 1)];
    count +=
        sprintf(body + count, "\"}], \"max_tokens\": %d, \"temperature\": 0%s%s}",
                streaming ? options.chunks : options.tokens, streaming ? ", \"stream\": true" : "",
                options.usage ? ", \"stream_options\": {\"include_usage\": true}" : "");
    int head =
        sprintf(request,
                "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: load\r\nAccept: */*\r\n"
                "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                options.path, options.port, count);
    memcpy(request + head, body, (size_t)count);
    request_count = (size_t)(head + count);
    free(body);
}

static void request_over(Connection* connection, bool whole);

static void drop(Connection* connection) {
    if (!connection->open) return;
    connection->open = false;
    close(connection->fd);
}

static void watch(Connection* connection, bool writing) {
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0),
                                .data.ptr = connection};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void push(Connection* connection) {
    while (connection->sent < request_count) {
        ssize_t sent = send(connection->fd, request + connection->sent,
                            request_count - connection->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) {
                watch(connection, true);
                return;
            }
            request_over(connection, false);
            return;
        }
        connection->sent += (size_t)sent;
    }
    watch(connection, false);
}

static void begin(Connection* connection, uint64_t since) {
    connection->busy = true;
    connection->part = IN_HEAD;
    connection->head_count = connection->line_count = connection->sent = 0;
    connection->status = 0;
    connection->next_word = 0;
    connection->first_seen = connection->done_seen = connection->usage_seen = false;
    connection->error_seen = connection->finish_seen = connection->close_after = false;
    connection->begun = since;
    counts.requests++;
    if (!connection->open) {
        connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connection->fd < 0) {
            perror("socket");
            exit(1);
        }
        int one = 1;
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connection->open = true;
        connection->connected = false;
        counts.connects++;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, connection->fd, &event);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)options.port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(connection->fd, (struct sockaddr*)&address, sizeof address) &&
            errno != EINPROGRESS) {
            request_over(connection, false);
        }
        return;
    }
    push(connection);
}

static void request_over(Connection* connection, bool whole) {
    uint64_t now = now_ns();
    if (!connection->busy) {
        drop(connection);
        return;
    }
    connection->busy = false;
    if (!whole) {
        if (!connection->connected)
            counts.refused++;
        else if (connection->error_seen)
            counts.error_events++;
        else
            counts.cut++;
        drop(connection);
    } else if (connection->status != 200) {
        counts.bad_status++;
        counts.last_bad_status = connection->status;
    } else if (streaming) {
        bool words = connection->next_word == options.chunks;
        if (connection->error_seen)
            counts.error_events++;
        else if (!connection->done_seen)
            counts.no_done++;
        else if (options.usage && !connection->usage_seen)
            counts.no_usage++;
        else if (words)
            counts.whole++;
        if (connection->next_word < options.chunks) {
            counts.lost += (uint64_t)(options.chunks - connection->next_word);
        }
    } else {
        counts.whole++;
        add(&latencies, now - connection->begun);
    }
    if (connection->close_after) drop(connection);
    if (streaming) {
        stream_over++;
        drop(connection);
    } else if (!strcmp(options.mode, "closed") && now < end_time) {
        if (!whole && !connection->connected) return;  // nobody listens: no busy loop
        begin(connection, now);
    }
}

/// A line of an event stream, without its end.
static void line_read(Connection* connection, const char* line, size_t count, uint64_t now) {
    if (count >= 12 && !memcmp(line, "data: [DONE]", 12)) {
        connection->done_seen = true;
        return;
    }
    const char* at = memchr(line, '#', count);
    if (at && line + count - at >= 28 && at[7] == '@') {
        long index = strtol(at + 1, NULL, 10);
        uint64_t stamp = strtoull(at + 8, NULL, 10);
        counts.words++;
        add(&delays, now > stamp ? now - stamp : 0);
        if (!connection->first_seen) {
            connection->first_seen = true;
            add(&firsts, now - connection->begun);
        }
        if (index > connection->next_word) counts.lost += (uint64_t)(index - connection->next_word);
        if (index < connection->next_word) {
            if (index == connection->next_word - 1)
                counts.repeated++;
            else
                counts.disordered++;
        } else {
            connection->next_word = index + 1;
        }
        return;
    }
    if (memmem(line, count, "\"error\"", 7)) connection->error_seen = true;
    const char* usage = memmem(line, count, "\"completion_tokens\":", 20);
    if (usage && strtol(usage + 20, NULL, 10) == options.chunks) connection->usage_seen = true;
}

static void body_read(Connection* connection, const char* bytes, size_t count, uint64_t now) {
    counts.bytes += count;
    if (!streaming || connection->status != 200) return;
    while (count) {
        const char* end = memchr(bytes, '\n', count);
        size_t length = end ? (size_t)(end - bytes) : count;
        if (connection->line_count == 0 && end) {
            line_read(connection, bytes, length, now);
        } else {
            size_t room = LINE_MAX_BYTES - connection->line_count;
            size_t copied = length < room ? length : room;
            memcpy(connection->line + connection->line_count, bytes, copied);
            connection->line_count += copied;
            if (end) {
                line_read(connection, connection->line, connection->line_count, now);
                connection->line_count = 0;
            }
        }
        length += end ? 1 : 0;
        bytes += length;
        count -= length;
    }
}

static bool head_read(Connection* connection) {
    char* head = connection->head;
    head[connection->head_count] = 0;
    connection->status = (int)strtol(head + 9, NULL, 10);
    const char* length = strcasestr(head, "\r\ncontent-length:");
    const char* coding = strcasestr(head, "\r\ntransfer-encoding: chunked");
    connection->close_after = strcasestr(head, "\r\nconnection: close") != NULL;
    connection->head_count = 0;
    if (coding) {
        connection->part = IN_CHUNK_SIZE;
        connection->left = 0;
    } else if (length) {
        connection->left = strtoull(length + 17, NULL, 10);
        connection->part = IN_LENGTH;
        return connection->left == 0;
    } else {
        connection->part = TO_CLOSE;
    }
    return false;
}

/// Takes the bytes apart; true when the answer is whole.
static bool take(Connection* connection, const char* bytes, size_t count, uint64_t now) {
    while (count) {
        switch (connection->part) {
            case IN_HEAD: {
                // Byte by byte: heads are short, and an end split over two reads needs no care.
                while (count) {
                    if (connection->head_count >= HEAD_MAX - 1) return true;
                    char byte = *bytes++;
                    count--;
                    connection->head[connection->head_count++] = byte;
                    if (byte == '\n' && connection->head_count >= 4 &&
                        !memcmp(connection->head + connection->head_count - 4, "\r\n\r\n", 4)) {
                        if (head_read(connection)) return true;
                        break;
                    }
                }
                break;
            }
            case IN_LENGTH:
            case IN_CHUNK: {
                size_t part = count < connection->left ? count : (size_t)connection->left;
                body_read(connection, bytes, part, now);
                bytes += part, count -= part, connection->left -= part;
                if (connection->left == 0) {
                    if (connection->part == IN_LENGTH) return true;
                    connection->part = IN_CHUNK_END;
                }
                break;
            }
            case IN_CHUNK_END: {
                char byte = *bytes++;
                count--;
                if (byte == '\n') connection->part = IN_CHUNK_SIZE;
                break;
            }
            case IN_CHUNK_SIZE: {
                char byte = *bytes++;
                count--;
                if (byte == '\n') {
                    connection->head[connection->head_count] = 0;
                    connection->left = strtoull(connection->head, NULL, 16);
                    connection->head_count = 0;
                    connection->part = connection->left ? IN_CHUNK : IN_TRAILER;
                } else if (connection->head_count < 64) {
                    connection->head[connection->head_count++] = byte;
                }
                break;
            }
            case IN_TRAILER: {
                char byte = *bytes++;
                count--;
                if (byte == '\n') {
                    if (connection->head_count == 0) return true;
                    connection->head_count = 0;
                } else if (byte != '\r') {
                    connection->head_count++;
                }
                break;
            }
            case TO_CLOSE:
                body_read(connection, bytes, count, now);
                return false;
        }
    }
    return false;
}

static void readable(Connection* connection) {
    static char bytes[READ_BYTES];
    for (;;) {
        ssize_t got = recv(connection->fd, bytes, sizeof bytes, 0);
        if (got > 0) {
            if (!connection->busy) continue;
            uint64_t now = now_ns();
            if (take(connection, bytes, (size_t)got, now)) {
                request_over(connection, true);
                return;
            }
            if ((size_t)got < sizeof bytes) return;
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        request_over(connection, got == 0 && connection->busy && connection->part == TO_CLOSE);
        drop(connection);
        return;
    }
}

static void timer_at(uint64_t due) {
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void read_options(int count, char** arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: load streams|closed|rate --port P ...\n");
        exit(2);
    }
    options.mode = arguments[1];
    for (int i = 2; i < count; i++) {
        const char* name = arguments[i];
        if (!strcmp(name, "--usage")) {
            options.usage = true;
            continue;
        }
        const char* value = i + 1 < count ? arguments[++i] : NULL;
        if (!value) {
            fprintf(stderr, "load: %s needs a value\n", name);
            exit(2);
        }
        int number = atoi(value);
        if (!strcmp(name, "--port"))
            options.port = number;
        else if (!strcmp(name, "--streams"))
            options.streams = number;
        else if (!strcmp(name, "--chunks"))
            options.chunks = number;
        else if (!strcmp(name, "--ramp-ms"))
            options.ramp_ms = number;
        else if (!strcmp(name, "--connections"))
            options.connections = number;
        else if (!strcmp(name, "--rate"))
            options.rate = number;
        else if (!strcmp(name, "--body-bytes"))
            options.body_bytes = number;
        else if (!strcmp(name, "--tokens"))
            options.tokens = number;
        else if (!strcmp(name, "--seconds"))
            options.seconds = atof(value);
        else if (!strcmp(name, "--timeout-s"))
            options.timeout = atof(value);
        else if (!strcmp(name, "--model"))
            options.model = value;
        else if (!strcmp(name, "--path"))
            options.path = value;
        else {
            fprintf(stderr, "load: no option is named %s\n", name);
            exit(2);
        }
    }
}

int main(int argument_count, char** arguments) {
    read_options(argument_count, arguments);
    streaming = !strcmp(options.mode, "streams");
    bool rated = !strcmp(options.mode, "rate");
    struct rlimit files = {CONNECTIONS_MAX + 64, CONNECTIONS_MAX + 64};
    setrlimit(RLIMIT_NOFILE, &files);
    make_request();
    int limit = streaming ? options.streams : rated ? CONNECTIONS_MAX : options.connections;
    if (limit > CONNECTIONS_MAX) limit = CONNECTIONS_MAX;
    pool = calloc((size_t)limit, sizeof *pool);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &event);

    uint64_t start = now_ns(), give_up = start + (uint64_t)(options.timeout * 1e9);
    end_time = start + (uint64_t)(options.seconds * 1e9);
    uint64_t step = streaming ? (uint64_t)options.ramp_ms * 1000000u / (uint64_t)options.streams
                    : rated   ? 1000000000u / (uint64_t)options.rate
                              : 0;
    long begun = 0, total = rated ? (long)(options.seconds * options.rate) : limit;
    for (;;) {
        uint64_t now = now_ns();
        while (begun < total && now >= start + step * (uint64_t)begun) {
            uint64_t due = start + step * (uint64_t)begun;
            Connection* connection = &pool[begun % limit];
            if (rated) {
                int index = 0;
                while (index < limit && pool[index].busy) index++;
                if (index == limit) break;
                connection = &pool[index];
            }
            begun++;
            begin(connection, rated ? due : now_ns());
        }
        bool busy = false;
        if (streaming) {
            busy = begun < total || stream_over < (int)total;
        } else {
            for (int i = 0; i < limit && !busy; i++) busy = pool[i].busy;
            busy = busy || begun < total;
        }
        if (!busy || now > give_up) break;
        int wait = 100;
        if (begun < total) timer_at(start + step * (uint64_t)begun);
        struct epoll_event events[512];
        int count = epoll_wait(poll_fd, events, 512, wait);
        for (int i = 0; i < count; i++) {
            Connection* connection = events[i].data.ptr;
            if (!connection) {
                uint64_t ticks;
                if (read(timer_fd, &ticks, sizeof ticks) < 0) continue;
                continue;
            }
            if (!connection->open) continue;
            if (events[i].events & EPOLLOUT) {
                int error = 0;
                socklen_t size = sizeof error;
                getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
                if (error) {
                    request_over(connection, false);
                    continue;
                }
                connection->connected = true;
                push(connection);
            }
            if (connection->open && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(connection);
        }
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    uint64_t unfinished = 0;
    for (int i = 0; i < limit; i++) unfinished += pool[i].busy;
    printf(
        "{\"mode\": \"%s\", \"seconds\": %.3f, \"requests\": %llu, \"whole\": %llu, \"refused\": "
        "%llu, "
        "\"bad_status\": %llu, \"last_bad_status\": %d, \"cut\": %llu, \"unfinished\": %llu, "
        "\"connects\": %llu, "
        "\"bytes\": %llu",
        options.mode, seconds, (unsigned long long)counts.requests,
        (unsigned long long)counts.whole, (unsigned long long)counts.refused,
        (unsigned long long)counts.bad_status, counts.last_bad_status,
        (unsigned long long)counts.cut, (unsigned long long)unfinished,
        (unsigned long long)counts.connects, (unsigned long long)counts.bytes);
    if (streaming) {
        printf(
            ", \"words\": %llu, \"expected\": %llu, \"lost\": %llu, \"repeated\": %llu, "
            "\"disordered\": %llu, "
            "\"no_done\": %llu, \"no_usage\": %llu, \"error_events\": %llu",
            (unsigned long long)counts.words,
            (unsigned long long)options.streams * (unsigned long long)options.chunks,
            (unsigned long long)counts.lost, (unsigned long long)counts.repeated,
            (unsigned long long)counts.disordered, (unsigned long long)counts.no_done,
            (unsigned long long)counts.no_usage, (unsigned long long)counts.error_events);
        print_samples("delay_ms", &delays);
        print_samples("first_ms", &firsts);
    } else {
        printf(", \"per_second\": %.1f", (double)counts.whole / seconds);
        print_samples("latency_ms", &latencies);
    }
    printf("}\n");
    return 0;
}
