// A stand-in for an inference server: what a gateway sees of one, without a model.
//
// One thread, one epoll, no dependency. Answers POST /v1/chat/completions and /v1/completions,
// whole or as server-sent events at a set interval, GET /health, /version, /v1/models and /metrics
// with vLLM's names. The text is the same for all: word i is "#%06d ", so that whoever reads it
// sees a loss, a repeat or a swap at once; with --stamp the word is "#%06d@%019llu ", the monotonic
// clock in nanoseconds at the moment of the write. A request that ends in an assistant's text
// (chat) or in a prompt with words of this kind goes on after the last of them, as prefix
// continuation does.
//
// Faults are switched while it runs, by POST /_mock on the control port (or on the main one, where
// a gateway would not pass it):  {"fault": "hang"}. GET /_mock tells what was counted, GET
// /_mock/head the head of the last request for a text. At SIGTERM the counts go to standard output
// and the process ends.
//
// Usage: mock --port P [--control P] [--interval-us 20000] [--first-us 0] [--tokens 16] [--stamp]
//             [--fault NAME] [--cut-after 3] [--drip-ms 200] [--retry-after 7] [--delay-us 0]
//             [--model mock] [--owned-by vllm] [--no-done] [--no-resume] [--seats 0]
// --seats N: that many requests run, the rest waits (as an engine's batch does); 0: all run.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 65536, BODY_MAX = 64 << 20, CONNECTIONS_MAX = 16384 };

typedef enum {
    FAULT_NONE,
    FAULT_REFUSE,        // nothing listens; what was open is reset
    FAULT_RESET_BEFORE,  // reset after the request was read, before a byte of the answer
    FAULT_RESET_AFTER,   // reset after the head of the answer
    FAULT_RESET_MID,     // reset after --cut-after words (whole answers: after half of the body)
    FAULT_HANG,          // no byte of an answer, /health still says yes
    FAULT_FREEZE,        // no byte of an answer to anything
    FAULT_STALL,         // a stream that stands still after --cut-after words; whole answers hang
    FAULT_DRIP,          // the head, then a byte every --drip-ms
    FAULT_500,
    FAULT_503,  // with Retry-After
    FAULT_429,  // with Retry-After
    FAULT_400,
    FAULT_GARBAGE,       // 200 with bytes that are neither events nor JSON
    FAULT_NO_DONE,       // a stream that ends well but for [DONE]
    FAULT_CUT_CLEAN,     // a stream whose body ends properly after --cut-after words, no finish
    FAULT_LENGTH_LONG,   // Content-Length says more than comes, then the connection closes
    FAULT_LENGTH_SHORT,  // Content-Length says less than comes
    FAULT_SLOW,          // ten times the interval, and at least 200 ms before a whole answer
    FAULT_COUNT
} Fault;

static const char* const fault_names[FAULT_COUNT] = {
    "none",    "refuse",    "reset-before", "reset-after",  "reset-mid", "hang", "freeze",
    "stall",   "drip",      "500",          "503",          "429",       "400",  "garbage",
    "no-done", "cut-clean", "length-long",  "length-short", "slow",
};

typedef struct {
    char* bytes;
    size_t count, capacity, start;  // what is unsent or unread is [start, count)
} Buffer;

typedef enum { READING, WAITING, STREAMING, DELAYED, DRIPPING, STUCK } State;

typedef struct {
    int fd;
    uint32_t serial;
    bool control, chat, include_usage, close_after, writable_wanted, open, counted, has_seat,
        stream;
    State state;
    Fault fault;  // as it was when the request came
    Buffer in, out, drip;
    size_t next_word, first_word, end_word;
    size_t prompt_tokens;
    uint64_t due;
    uint32_t waiter_next;  // queue for a seat, 0: none
    long heap_index;       // -1: no timer
    char model[64];
} Connection;

static struct {
    int port, control_port, tokens, cut_after, drip_ms, retry_after, seats;
    uint64_t interval, first, delay;
    bool stamp, no_done, no_resume;
    Fault fault;
    const char *model, *owned_by;
} options = {
    .tokens = 16,
    .cut_after = 3,
    .drip_ms = 200,
    .retry_after = 7,
    .interval = 20000000,
    .model = "mock",
    .owned_by = "vllm",
};

static struct {
    uint64_t requests, streams, whole, words, aborted, connections, health, models, metrics, other,
        prompt_tokens, finished, resumed;
    uint64_t last_abort, last_request;
    long running, waiting, running_max;
} counts;

static int poll_fd, timer_fd, listen_fd = -1, control_fd = -1;
static Connection* connections;  // by file descriptor
static uint32_t serial_next = 1;
static Connection* heap[CONNECTIONS_MAX];
static long heap_count;
static uint64_t timer_armed;
static char last_head[HEAD_MAX];
static size_t last_head_count;
static Connection* seat_queue[CONNECTIONS_MAX];
static size_t seat_head, seat_count;

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char* what) {
    perror(what);
    exit(1);
}

// Buffers

static void reserve(Buffer* buffer, size_t more) {
    if (buffer->start > 0 && buffer->start == buffer->count) {
        buffer->start = buffer->count = 0;
    }
    if (buffer->count + more <= buffer->capacity) return;
    if (buffer->start > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->count - buffer->start);
        buffer->count -= buffer->start;
        buffer->start = 0;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : 2048;
    while (capacity < buffer->count + more) capacity *= 2;
    if (capacity > buffer->capacity) {
        buffer->bytes = realloc(buffer->bytes, capacity);
        if (!buffer->bytes) fail("realloc");
        buffer->capacity = capacity;
    }
}

static void append(Buffer* buffer, const void* bytes, size_t count) {
    reserve(buffer, count);
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

__attribute__((format(printf, 2, 3))) static void print(Buffer* buffer, const char* format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    append(buffer, text, (size_t)count < sizeof text ? (size_t)count : sizeof text - 1);
}

static void release(Buffer* buffer) {
    free(buffer->bytes);
    *buffer = (Buffer){0};
}

// Timers: a binary heap of connections by when they are due, behind one timerfd.

static void heap_place(long index, Connection* connection) {
    heap[index] = connection;
    connection->heap_index = index;
}

static void heap_fix(long index) {
    Connection* item = heap[index];
    while (index > 0 && heap[(index - 1) / 2]->due > item->due) {
        heap_place(index, heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (;;) {
        long child = index * 2 + 1;
        if (child >= heap_count) break;
        if (child + 1 < heap_count && heap[child + 1]->due < heap[child]->due) child++;
        if (heap[child]->due >= item->due) break;
        heap_place(index, heap[child]);
        index = child;
    }
    heap_place(index, item);
}

static void timer_set(Connection* connection, uint64_t due) {
    connection->due = due;
    if (connection->heap_index < 0) heap_place(heap_count++, connection);
    heap_fix(connection->heap_index);
}

static void timer_clear(Connection* connection) {
    long index = connection->heap_index;
    if (index < 0) return;
    connection->heap_index = -1;
    Connection* last = heap[--heap_count];
    if (last == connection) return;
    heap_place(index, last);
    heap_fix(index);
}

static void timer_arm(void) {
    uint64_t due = heap_count ? heap[0]->due : 0;
    if (due == timer_armed) return;
    timer_armed = due;
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

// Connections

static void start_answer(Connection* connection, uint64_t now);

static void seat_give(uint64_t now) {
    while (seat_count && (options.seats == 0 || counts.running < options.seats)) {
        Connection* next = seat_queue[seat_head];
        seat_head = (seat_head + 1) % CONNECTIONS_MAX;
        seat_count--;
        if (!next || !next->open || next->state != WAITING) continue;
        counts.waiting--;
        next->has_seat = true;
        counts.running++;
        start_answer(next, now);
    }
}

static void leave(Connection* connection) {
    if (connection->has_seat) {
        connection->has_seat = false;
        counts.running--;
    } else if (connection->open && connection->state == WAITING) {
        counts.waiting--;
        for (size_t i = 0; i < seat_count; i++) {
            size_t at = (seat_head + i) % CONNECTIONS_MAX;
            if (seat_queue[at] == connection) seat_queue[at] = NULL;
        }
    }
}

static void close_connection(Connection* connection, bool reset) {
    if (!connection->open) return;
    if (reset) {
        struct linger linger = {1, 0};
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    timer_clear(connection);
    leave(connection);
    connection->open = false;
    close(connection->fd);
    release(&connection->in);
    release(&connection->out);
    release(&connection->drip);
    seat_give(now_ns());
}

static void want_writable(Connection* connection, bool wanted) {
    if (connection->writable_wanted == wanted) return;
    connection->writable_wanted = wanted;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0),
                                .data.fd = connection->fd};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

/// Sends what is in `out`; false when the connection is gone.
static bool flush(Connection* connection) {
    Buffer* out = &connection->out;
    while (out->start < out->count) {
        ssize_t sent =
            send(connection->fd, out->bytes + out->start, out->count - out->start, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) {
                want_writable(connection, true);
                return true;
            }
            if (connection->state != READING) {
                counts.aborted++;
                counts.last_abort = now_ns();
            }
            close_connection(connection, false);
            return false;
        }
        out->start += (size_t)sent;
    }
    out->start = out->count = 0;
    want_writable(connection, false);
    return true;
}

static void end_answer(Connection* connection) {
    counts.finished++;
    timer_clear(connection);
    leave(connection);
    connection->state = READING;
    if (flush(connection) && connection->close_after) {
        shutdown(connection->fd, SHUT_WR);
        close_connection(connection, false);
        return;
    }
    seat_give(now_ns());
}

// Answers

static void whole_head(Buffer* out, int status, const char* reason, const char* type, size_t length,
                       const char* extra) {
    print(out,
          "HTTP/1.1 %d %s\r\nserver: mock\r\ncontent-type: %s\r\ncontent-length: %zu\r\n%s\r\n",
          status, reason, type, length, extra);
}

static void answer_text(Connection* connection, int status, const char* reason, const char* type,
                        const char* extra, const Buffer* body) {
    whole_head(&connection->out, status, reason, type, body->count, extra);
    append(&connection->out, body->bytes, body->count);
}

static void word(Buffer* buffer, size_t index) {
    if (options.stamp) {
        print(buffer, "#%06zu@%019llu ", index, (unsigned long long)now_ns());
    } else {
        print(buffer, "#%06zu ", index);
    }
}

static void usage(Buffer* buffer, const Connection* connection, size_t produced) {
    print(buffer,
          "{\"prompt_tokens\":%zu,\"total_tokens\":%zu,\"completion_tokens\":%zu,"
          "\"prompt_tokens_details\":null}",
          connection->prompt_tokens, connection->prompt_tokens + produced, produced);
}

static void whole_body(Buffer* body, Connection* connection) {
    print(body, "{\"id\":\"%s-%u\",\"object\":\"%s\",\"created\":1700000000,\"model\":\"%s\",",
          connection->chat ? "chatcmpl" : "cmpl", connection->serial,
          connection->chat ? "chat.completion" : "text_completion", connection->model);
    print(body, connection->chat
                    ? "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                    : "\"choices\":[{\"index\":0,\"text\":\"");
    for (size_t i = connection->first_word; i < connection->end_word; i++) word(body, i);
    print(body, "\"%s,\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":",
          connection->chat ? "}" : "");
    usage(body, connection, connection->end_word - connection->first_word);
    print(body, "}");
    counts.words += connection->end_word - connection->first_word;
}

static void event(Connection* connection, const Buffer* text) {
    Buffer* out = &connection->out;
    print(out, "%zx\r\n", text->count + 8);
    append(out, "data: ", 6);
    append(out, text->bytes, text->count);
    append(out, "\n\n\r\n", 4);
}

/// The part of a chunk before its choices, then the choices, then the end.
static void chunk(Connection* connection, const char* kind, size_t index) {
    static Buffer text;
    text.start = text.count = 0;
    print(&text, "{\"id\":\"%s-%u\",\"object\":\"%s\",\"created\":1700000000,\"model\":\"%s\",",
          connection->chat ? "chatcmpl" : "cmpl", connection->serial,
          connection->chat ? "chat.completion.chunk" : "text_completion", connection->model);
    if (*kind == 'u') {
        print(&text, "\"choices\":[],\"usage\":");
        usage(&text, connection, connection->end_word - connection->first_word);
        print(&text, "}");
    } else {
        print(&text, "\"choices\":[{\"index\":0,%s",
              connection->chat ? "\"delta\":{" : "\"text\":\"");
        if (*kind == 'r') print(&text, "\"role\":\"assistant\",\"content\":\"\"");
        if (*kind == 'w') {
            if (connection->chat) print(&text, "\"content\":\"");
            word(&text, index);
            if (connection->chat) print(&text, "\"");
        }
        print(&text, "%s,\"logprobs\":null,\"finish_reason\":%s}]}", connection->chat ? "}" : "\"",
              *kind == 'f' ? "\"length\"" : "null");
    }
    event(connection, &text);
}

static void stream_head(Connection* connection) {
    print(&connection->out,
          "HTTP/1.1 200 OK\r\nserver: mock\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
          "cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n");
}

static void stream_end(Connection* connection) {
    if (connection->fault != FAULT_CUT_CLEAN) {
        chunk(connection, "finish", 0);
        if (connection->include_usage) chunk(connection, "usage", 0);
        if (connection->fault != FAULT_NO_DONE && !options.no_done) {
            static const char done[] = "e\r\ndata: [DONE]\n\n\r\n";
            append(&connection->out, done, sizeof done - 1);
        }
    }
    append(&connection->out, "0\r\n\r\n", 5);
    end_answer(connection);
}

static uint64_t interval_of(const Connection* connection) {
    return connection->fault == FAULT_SLOW ? options.interval * 10 : options.interval;
}

static void answer_error(Connection* connection, int status, const char* reason, bool retry_after) {
    Buffer body = {0};
    char extra[64] = "";
    if (retry_after) snprintf(extra, sizeof extra, "retry-after: %d\r\n", options.retry_after);
    print(&body,
          "{\"error\":{\"message\":\"The mock was told to say %d\",\"type\":\"%s\",\"param\":null,"
          "\"code\":%d}}",
          status, reason, status);
    answer_text(connection, status, reason, "application/json", extra, &body);
    release(&body);
    end_answer(connection);
}

static void whole_answer(Connection* connection) {
    Buffer body = {0};
    whole_body(&body, connection);
    answer_text(connection, 200, "OK", "application/json", "", &body);
    release(&body);
    end_answer(connection);
}

static void stick(Connection* connection) {
    connection->state = STUCK;
    timer_clear(connection);
    flush(connection);
}

/// The request has its seat: the fault of the moment or the answer.
static void start_answer(Connection* connection, uint64_t now) {
    Buffer body = {0};
    connection->state = STREAMING;
    if (counts.running > counts.running_max) counts.running_max = counts.running;
    switch (connection->fault) {
        case FAULT_RESET_BEFORE:
            close_connection(connection, true);
            return;
        case FAULT_HANG:
        case FAULT_FREEZE:
            stick(connection);
            return;
        case FAULT_STALL:
            if (!connection->stream) {
                stick(connection);
                return;
            }
            break;
        case FAULT_500:
            answer_error(connection, 500, "Internal Server Error", false);
            return;
        case FAULT_503:
            answer_error(connection, 503, "Service Unavailable", true);
            return;
        case FAULT_429:
            answer_error(connection, 429, "Too Many Requests", true);
            return;
        case FAULT_400:
            answer_error(connection, 400, "Bad Request", false);
            return;
        case FAULT_RESET_AFTER:
            if (connection->stream) {
                stream_head(connection);
            } else {
                whole_head(&connection->out, 200, "OK", "application/json", 300, "");
            }
            if (!flush(connection)) return;
            // A reset throws away what the peer has not read; give it a moment to read the head.
            connection->state = DELAYED;
            timer_set(connection, now + 5000000);
            return;
        case FAULT_GARBAGE: {
            static const char garbage[] =
                "data: {\"choices\":[{\"delta\":{\"content\":\n\n\xff\xfe\x00\x01 nonsense\n\n"
                "data: {{{{\n\nevent\n: \n\ndata: [1,2\n\n";
            append(&body, garbage, sizeof garbage - 1);
            answer_text(connection, 200, "OK",
                        connection->stream ? "text/event-stream" : "application/json", "", &body);
            release(&body);
            end_answer(connection);
            return;
        }
        case FAULT_LENGTH_LONG:
        case FAULT_LENGTH_SHORT: {
            whole_body(&body, connection);
            bool longer = connection->fault == FAULT_LENGTH_LONG;
            if (connection->stream) {
                body.count = 0;
                print(&body,
                      "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"model\":\"m\","
                      "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"#000000 \"},"
                      "\"finish_reason\":null}]}\n\ndata: [DONE]\n\n");
            }
            whole_head(&connection->out, 200, "OK",
                       connection->stream ? "text/event-stream" : "application/json",
                       longer ? body.count + 50 : body.count - 20, "");
            append(&connection->out, body.bytes, body.count);
            release(&body);
            connection->close_after = longer;
            end_answer(connection);
            return;
        }
        case FAULT_DRIP:
            if (connection->stream) {
                stream_head(connection);
                Buffer kept = connection->out;
                connection->out = (Buffer){0};
                chunk(connection, "role", 0);
                for (size_t i = connection->first_word; i < connection->end_word; i++) {
                    chunk(connection, "word", i);
                }
                connection->drip = connection->out;
                connection->out = kept;
            } else {
                whole_body(&body, connection);
                whole_head(&connection->out, 200, "OK", "application/json", body.count, "");
                connection->drip = body;
            }
            if (!flush(connection)) return;
            connection->state = DRIPPING;
            timer_set(connection, now + (uint64_t)options.drip_ms * 1000000u);
            return;
        default:
            break;
    }
    if (connection->stream) {
        counts.streams++;
        stream_head(connection);
        if (connection->chat) chunk(connection, "role", 0);
        if (!flush(connection)) return;
        timer_set(connection, now + options.first + options.delay);
        return;
    }
    counts.whole++;
    uint64_t delay = options.delay;
    if (connection->fault == FAULT_SLOW && delay < 200000000) delay = 200000000;
    if (delay == 0 && connection->fault == FAULT_NONE) {
        whole_answer(connection);
        return;
    }
    connection->state = DELAYED;
    timer_set(connection, now + delay);
}

static void timer_fired(Connection* connection, uint64_t now) {
    switch (connection->state) {
        case DELAYED:
            if (connection->fault == FAULT_RESET_AFTER) {
                close_connection(connection, true);
            } else if (connection->fault == FAULT_RESET_MID && connection->due != 0) {
                // Half of the body, then (after a moment, see above) the reset.
                Buffer body = {0};
                whole_body(&body, connection);
                whole_head(&connection->out, 200, "OK", "application/json", body.count, "");
                append(&connection->out, body.bytes, body.count / 2);
                release(&body);
                if (!flush(connection)) return;
                connection->fault = FAULT_RESET_AFTER;
                timer_set(connection, now + 5000000);
            } else {
                whole_answer(connection);
            }
            return;
        case DRIPPING: {
            Buffer* drip = &connection->drip;
            if (drip->start == drip->count) {
                release(drip);
                end_answer(connection);
                return;
            }
            append(&connection->out, drip->bytes + drip->start++, 1);
            if (!flush(connection)) return;
            timer_set(connection, now + (uint64_t)options.drip_ms * 1000000u);
            return;
        }
        case STREAMING: {
            size_t done = connection->next_word - connection->first_word;
            if (done >= (size_t)options.cut_after) {
                if (connection->fault == FAULT_RESET_MID) {
                    close_connection(connection, true);
                    return;
                }
                if (connection->fault == FAULT_STALL) {
                    stick(connection);
                    return;
                }
                if (connection->fault == FAULT_CUT_CLEAN) {
                    stream_end(connection);
                    return;
                }
            }
            if (connection->next_word >= connection->end_word) {
                stream_end(connection);
                return;
            }
            chunk(connection, "word", connection->next_word++);
            counts.words++;
            if (!flush(connection)) return;
            // Late or not, the rate is kept; but no burst after a pause of the whole process.
            uint64_t due = connection->due + interval_of(connection);
            timer_set(connection, due + 1000000000u < now ? now : due);
            return;
        }
        default:
            return;
    }
}

// Requests

/// What the mock reads of a body. Strings are stepped over by memchr, so long prompts cost little.
typedef struct {
    bool stream, include_usage;
    long max_tokens;
    size_t resume_word;  // after the last word of the last assistant's text or of the prompt
    char model[64];
} Asked;

static size_t string_end(const char* bytes, size_t count, size_t at) {
    // `at` is after the opening quote; the result is the index of the closing one.
    for (size_t from = at;;) {
        const char* quote = memchr(bytes + from, '"', count - from);
        if (!quote) return count;
        size_t index = (size_t)(quote - bytes), slashes = 0;
        while (index - slashes > at && bytes[index - slashes - 1] == '\\') slashes++;
        if (slashes % 2 == 0) return index;
        from = index + 1;
    }
}

static size_t words_end(const char* bytes, size_t count) {
    size_t end = 0;
    for (const char* at = bytes; (at = memchr(at, '#', (size_t)(bytes + count - at)));) {
        if (at + 7 > bytes + count) break;
        size_t number = 0, digits = 0;
        while (digits < 6 && at[1 + digits] >= '0' && at[1 + digits] <= '9') {
            number = number * 10 + (size_t)(at[1 + digits++] - '0');
        }
        if (digits == 6) end = number + 1;
        at++;
    }
    return end;
}

static Asked read_body(const char* bytes, size_t count) {
    Asked asked = {.max_tokens = -1};
    const char *key = NULL, *role = NULL;
    size_t key_count = 0, role_count = 0;
    for (size_t at = 0; at < count;) {
        char byte = bytes[at];
        if (byte == '"') {
            size_t end = string_end(bytes, count, at + 1);
            const char* text = bytes + at + 1;
            size_t length = end - at - 1;
            size_t after = end + 1;
            while (after < count && (bytes[after] == ' ' || bytes[after] == '\n')) after++;
            if (after < count && bytes[after] == ':') {
                key = text, key_count = length;
                at = after + 1;
                continue;
            }
#define KEY(name) (key && key_count == sizeof name - 1 && !memcmp(key, name, sizeof name - 1))
            if (KEY("model") && length < sizeof asked.model) {
                memcpy(asked.model, text, length);
                asked.model[length] = 0;
            } else if (KEY("role")) {
                role = text, role_count = length;
            } else if (KEY("content") || KEY("prompt")) {
                bool assistant = role && role_count == 9 && !memcmp(role, "assistant", 9);
                asked.resume_word = assistant || KEY("prompt") ? words_end(text, length) : 0;
            }
            at = end + 1;
        } else if (KEY("stream") && byte == 't') {
            asked.stream = true, key = NULL, at++;
        } else if (KEY("include_usage") && byte == 't') {
            asked.include_usage = true, key = NULL, at++;
        } else if ((KEY("max_tokens") || KEY("max_completion_tokens")) && byte >= '0' &&
                   byte <= '9') {
            asked.max_tokens = strtol(bytes + at, NULL, 10), key = NULL;
            while (at < count && bytes[at] >= '0' && bytes[at] <= '9') at++;
        } else {
            at++;
        }
    }
    return asked;
}

static void stats_text(Buffer* body) {
    print(body,
          "{\"fault\":\"%s\",\"requests\":%llu,\"streams\":%llu,\"whole\":%llu,\"words\":%llu,"
          "\"finished\":%llu,\"resumed\":%llu,\"aborted\":%llu,\"last_abort_ns\":%llu,"
          "\"last_request_ns\":%llu,\"now_ns\":%llu,\"connections\":%llu,\"running\":%ld,"
          "\"waiting\":%ld,\"running_max\":%ld,\"health\":%llu,\"models\":%llu,\"metrics\":%llu,"
          "\"other\":%llu}\n",
          fault_names[options.fault], (unsigned long long)counts.requests,
          (unsigned long long)counts.streams, (unsigned long long)counts.whole,
          (unsigned long long)counts.words, (unsigned long long)counts.finished,
          (unsigned long long)counts.resumed, (unsigned long long)counts.aborted,
          (unsigned long long)counts.last_abort, (unsigned long long)counts.last_request,
          (unsigned long long)now_ns(), (unsigned long long)counts.connections, counts.running,
          counts.waiting, counts.running_max, (unsigned long long)counts.health,
          (unsigned long long)counts.models, (unsigned long long)counts.metrics,
          (unsigned long long)counts.other);
}

static void metrics_text(Buffer* body) {
    print(body,
          "# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
          "# TYPE vllm:num_requests_running gauge\n"
          "vllm:num_requests_running{engine=\"0\",model_name=\"%s\"} %ld.0\n"
          "# HELP vllm:num_requests_waiting Number of requests waiting to be processed.\n"
          "# TYPE vllm:num_requests_waiting gauge\n"
          "vllm:num_requests_waiting{engine=\"0\",model_name=\"%s\"} %ld.0\n"
          "# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.\n"
          "# TYPE vllm:kv_cache_usage_perc gauge\n"
          "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"%s\"} %.4f\n",
          options.model, counts.running, options.model, counts.waiting, options.model,
          counts.running >= 256 ? 1.0 : (double)counts.running / 256);
    print(body,
          "# HELP vllm:prompt_tokens_total Number of prefill tokens processed.\n"
          "# TYPE vllm:prompt_tokens_total counter\n"
          "vllm:prompt_tokens_total{engine=\"0\",model_name=\"%s\"} %llu.0\n"
          "# HELP vllm:generation_tokens_total Number of generation tokens processed.\n"
          "# TYPE vllm:generation_tokens_total counter\n"
          "vllm:generation_tokens_total{engine=\"0\",model_name=\"%s\"} %llu.0\n"
          "# HELP vllm:request_success_total Count of successfully processed requests.\n"
          "# TYPE vllm:request_success_total counter\n"
          "vllm:request_success_total{engine=\"0\",finished_reason=\"length\",model_name=\"%s\"} "
          "%llu.0\n",
          options.model, (unsigned long long)counts.prompt_tokens, options.model,
          (unsigned long long)counts.words, options.model, (unsigned long long)counts.finished);
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr*)&address, sizeof address) || listen(fd, 4096)) fail("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

static void set_fault(Fault fault) {
    options.fault = fault;
    if (fault == FAULT_REFUSE) {
        if (listen_fd >= 0) close(listen_fd);
        listen_fd = -1;
        for (int fd = 0; fd < CONNECTIONS_MAX; fd++) {
            if (connections[fd].open && !connections[fd].control) {
                close_connection(&connections[fd], true);
            }
        }
    } else if (listen_fd < 0) {
        listen_fd = listen_on(options.port);
    }
    // What hung stays hung: a healed upstream does not answer what it has lost.
}

static bool control(Connection* connection, bool post, const char* body, size_t count) {
    Buffer text = {0};
    int status = 200;
    if (post) {
        const char* at = memmem(body, count, "\"fault\"", 7);
        const char* open = at ? memchr(at + 7, '"', (size_t)(body + count - at - 7)) : NULL;
        const char* close = open ? memchr(open + 1, '"', (size_t)(body + count - open - 1)) : NULL;
        status = 400;
        for (int i = 0; close && i < FAULT_COUNT; i++) {
            size_t length = (size_t)(close - open - 1);
            if (strlen(fault_names[i]) == length && !memcmp(open + 1, fault_names[i], length)) {
                set_fault((Fault)i);
                status = 200;
            }
        }
        if (memmem(body, count, "\"reset_counts\"", 14)) {
            long running = counts.running, waiting = counts.waiting;
            memset(&counts, 0, sizeof counts);
            counts.running = running, counts.waiting = waiting;
            status = 200;
        }
    }
    if (!connection->open) return false;
    stats_text(&text);
    answer_text(connection, status, status == 200 ? "OK" : "Bad Request", "application/json", "",
                &text);
    release(&text);
    return flush(connection);
}

static bool begins(const char* text, size_t count, const char* with) {
    size_t length = strlen(with);
    return count >= length && !memcmp(text, with, length);
}

static void generate(Connection* connection, bool chat, const char* body, size_t count) {
    Asked asked = read_body(body, count);
    uint64_t now = now_ns();
    counts.requests++;
    counts.last_request = now;
    connection->chat = chat;
    connection->stream = asked.stream;
    connection->include_usage = asked.include_usage;
    connection->fault = options.fault;
    connection->serial = serial_next++;
    connection->prompt_tokens = count / 4 + 1;
    counts.prompt_tokens += connection->prompt_tokens;
    connection->first_word = options.no_resume ? 0 : asked.resume_word;
    counts.resumed += connection->first_word > 0;
    size_t tokens = asked.max_tokens >= 0 ? (size_t)asked.max_tokens : (size_t)options.tokens;
    connection->next_word = connection->first_word;
    connection->end_word = connection->first_word + tokens;
    snprintf(connection->model, sizeof connection->model, "%s",
             asked.model[0] ? asked.model : options.model);
    if (options.seats && counts.running >= options.seats && seat_count < CONNECTIONS_MAX) {
        connection->state = WAITING;
        counts.waiting++;
        seat_queue[(seat_head + seat_count++) % CONNECTIONS_MAX] = connection;
        return;
    }
    connection->has_seat = true;
    counts.running++;
    start_answer(connection, now);
}

/// One request, whole in memory: answered or begun. False: the connection is gone.
static bool handle(Connection* connection, const char* head, const char* body, size_t count) {
    bool post = begins(head, 5, "POST ");
    const char* path = memchr(head, ' ', 16);
    if (!path) {
        close_connection(connection, true);
        return false;
    }
    path++;
    size_t length = strcspn(path, " \r");
    Buffer text = {0};
    if (begins(path, length, "/_mock/head")) {
        whole_head(&connection->out, 200, "OK", "text/plain", last_head_count, "");
        append(&connection->out, last_head, last_head_count);
        return flush(connection);
    }
    if (begins(path, length, "/_mock")) return control(connection, post, body, count);
    bool chat = begins(path, length, "/v1/chat/completions");
    if (post && (chat || begins(path, length, "/v1/completions"))) {
        last_head_count = (size_t)(body - head) < HEAD_MAX ? (size_t)(body - head) : HEAD_MAX;
        memcpy(last_head, head, last_head_count);
        generate(connection, chat, body, count);
        return connection->open;
    }
    if (options.fault == FAULT_FREEZE) {
        connection->state = STUCK;
        return true;
    }
    if (options.fault == FAULT_RESET_BEFORE) {
        close_connection(connection, true);
        return false;
    }
    const char* type = "application/json";
    if (begins(path, length, "/v1/models")) {
        counts.models++;
        print(&text,
              "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\","
              "\"created\":1700000000,\"owned_by\":\"%s\",\"root\":\"%s\",\"parent\":null,"
              "\"max_model_len\":32768}]}",
              options.model, options.owned_by, options.model);
    } else if (begins(path, length, "/metrics")) {
        counts.metrics++;
        type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_text(&text);
    } else if (begins(path, length, "/health") || begins(path, length, "/ping")) {
        counts.health++;
    } else if (begins(path, length, "/version")) {
        print(&text, "{\"version\":\"0.11.0\"}");
    } else {
        counts.other++;
        print(&text, "{\"detail\":\"Not Found\"}");
        answer_text(connection, 404, "Not Found", type, "", &text);
        release(&text);
        return flush(connection);
    }
    answer_text(connection, 200, "OK", type, "", &text);
    release(&text);
    return flush(connection);
}

static const char* header(const char* head, size_t count, const char* name) {
    size_t length = strlen(name);
    for (const char* line = head; (line = memchr(line, '\n', (size_t)(head + count - line)));) {
        line++;
        if ((size_t)(head + count - line) > length && !strncasecmp(line, name, length) &&
            line[length] == ':') {
            line += length + 1;
            while (*line == ' ') line++;
            return line;
        }
    }
    return NULL;
}

/// Body in chunks, taken apart in place. Returns -1: more is needed, -2: nonsense, else the bytes
/// it took up; `length` is what is left of it.
static ssize_t unchunk(char* bytes, size_t count, size_t* length) {
    size_t at = 0, to = 0;
    // First only look, so that a body that is not whole yet stays as it is.
    for (int pass = 0; pass < 2; pass++) {
        at = 0, to = 0;
        for (;;) {
            char* line = memchr(bytes + at, '\n', count - at);
            if (!line) return -1;
            char* end;
            unsigned long size = strtoul(bytes + at, &end, 16);
            if (end == bytes + at || size > BODY_MAX) return -2;
            at = (size_t)(line - bytes) + 1;
            if (size == 0) {
                for (;;) {  // trailers
                    char* next = memchr(bytes + at, '\n', count - at);
                    if (!next) return -1;
                    bool empty = next - (bytes + at) <= 1;
                    at = (size_t)(next - bytes) + 1;
                    if (empty) break;
                }
                break;
            }
            if (count - at < size + 2) return -1;
            if (pass) memmove(bytes + to, bytes + at, size);
            to += size;
            at += size + 2;
        }
    }
    *length = to;
    return (ssize_t)at;
}

static void parse(Connection* connection) {
    Buffer* in = &connection->in;
    while (connection->open && connection->state == READING && in->start < in->count) {
        char* head = in->bytes + in->start;
        size_t count = in->count - in->start;
        char* end = memmem(head, count < HEAD_MAX ? count : HEAD_MAX, "\r\n\r\n", 4);
        if (!end) {
            if (count >= HEAD_MAX) close_connection(connection, true);
            return;
        }
        size_t head_count = (size_t)(end - head) + 4, body_count = 0, taken = 0;
        const char* coding = header(head, head_count, "transfer-encoding");
        const char* expect = header(head, head_count, "expect");
        if (expect && count == head_count) {
            static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
            if (send(connection->fd, go, sizeof go - 1, MSG_NOSIGNAL) < 0) return;
        }
        if (coding && !strncasecmp(coding, "chunked", 7)) {
            ssize_t used = unchunk(head + head_count, count - head_count, &body_count);
            if (used == -1) return;
            if (used < 0) {
                close_connection(connection, true);
                return;
            }
            taken = (size_t)used;
        } else {
            const char* length = header(head, head_count, "content-length");
            body_count = taken = length ? strtoul(length, NULL, 10) : 0;
            if (body_count > BODY_MAX) {
                close_connection(connection, true);
                return;
            }
            if (count - head_count < body_count) {
                reserve(in, body_count - (count - head_count));
                return;
            }
        }
        const char* close = header(head, head_count, "connection");
        connection->close_after = close && !strncasecmp(close, "close", 5);
        in->start += head_count + taken;
        // `in` may be released while the request is handled; the loop's test sees that by `open`.
        if (!handle(connection, head, head + head_count, body_count)) return;
        if (connection->close_after && connection->state == READING && connection->open) {
            close_connection(connection, false);
            return;
        }
    }
}

static void readable(Connection* connection) {
    Buffer* in = &connection->in;
    for (int round = 0; round < 16; round++) {
        reserve(in, 16384);
        ssize_t got = recv(connection->fd, in->bytes + in->count, in->capacity - in->count, 0);
        if (got > 0) {
            size_t space = in->capacity - in->count;
            in->count += (size_t)got;
            if ((size_t)got < space) break;
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (connection->state != READING) {
            counts.aborted++;
            counts.last_abort = now_ns();
        }
        close_connection(connection, false);
        return;
    }
    parse(connection);
}

static void accept_all(int fd, bool control) {
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) return;
        if (client >= CONNECTIONS_MAX) {
            close(client);
            continue;
        }
        int one = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[client] = (Connection){
            .fd = client, .open = true, .control = control, .heap_index = -1, .state = READING};
        if (!control) counts.connections++;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = client};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, client, &event);
    }
}

static void read_options(int count, char** arguments) {
    for (int i = 1; i < count; i++) {
        const char* name = arguments[i];
        if (!strcmp(name, "--stamp")) {
            options.stamp = true;
            continue;
        }
        if (!strcmp(name, "--no-done")) {
            options.no_done = true;
            continue;
        }
        if (!strcmp(name, "--no-resume")) {
            options.no_resume = true;
            continue;
        }
        const char* value = i + 1 < count ? arguments[++i] : NULL;
        if (!value) {
            fprintf(stderr, "mock: %s needs a value\n", name);
            exit(2);
        }
        long number = strtol(value, NULL, 10);
        if (!strcmp(name, "--port"))
            options.port = (int)number;
        else if (!strcmp(name, "--control"))
            options.control_port = (int)number;
        else if (!strcmp(name, "--interval-us"))
            options.interval = (uint64_t)number * 1000;
        else if (!strcmp(name, "--first-us"))
            options.first = (uint64_t)number * 1000;
        else if (!strcmp(name, "--delay-us"))
            options.delay = (uint64_t)number * 1000;
        else if (!strcmp(name, "--tokens"))
            options.tokens = (int)number;
        else if (!strcmp(name, "--cut-after"))
            options.cut_after = (int)number;
        else if (!strcmp(name, "--drip-ms"))
            options.drip_ms = (int)number;
        else if (!strcmp(name, "--retry-after"))
            options.retry_after = (int)number;
        else if (!strcmp(name, "--seats"))
            options.seats = (int)number;
        else if (!strcmp(name, "--model"))
            options.model = value;
        else if (!strcmp(name, "--owned-by"))
            options.owned_by = value;
        else if (!strcmp(name, "--fault")) {
            int fault = 0;
            while (fault < FAULT_COUNT && strcmp(fault_names[fault], value)) fault++;
            if (fault == FAULT_COUNT) {
                fprintf(stderr, "mock: no fault is named %s\n", value);
                exit(2);
            }
            options.fault = (Fault)fault;
        } else {
            fprintf(stderr, "mock: no option is named %s\n", name);
            exit(2);
        }
    }
    if (!options.port) {
        fprintf(stderr, "mock: --port is needed\n");
        exit(2);
    }
}

int main(int argument_count, char** arguments) {
    read_options(argument_count, arguments);
    struct rlimit files = {CONNECTIONS_MAX, CONNECTIONS_MAX};
    setrlimit(RLIMIT_NOFILE, &files);
    connections = calloc(CONNECTIONS_MAX, sizeof *connections);
    if (!connections) fail("calloc");
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = timer_fd};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    event.data.fd = signal_fd;
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, signal_fd, &event);
    if (options.control_port) control_fd = listen_on(options.control_port);
    if (options.fault != FAULT_REFUSE) listen_fd = listen_on(options.port);

    for (;;) {
        timer_arm();
        struct epoll_event events[256];
        int count = epoll_wait(poll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == signal_fd) {
                Buffer text = {0};
                stats_text(&text);
                fwrite(text.bytes, 1, text.count, stdout);
                return 0;
            }
            if (fd == timer_fd) {
                uint64_t ticks;
                if (read(timer_fd, &ticks, sizeof ticks) < 0) continue;
                timer_armed = 0;
                uint64_t now = now_ns();
                // Bounded, so that sockets are read between two batches of late timers.
                for (int n = 0; n < 256 && heap_count && heap[0]->due <= now; n++) {
                    timer_fired(heap[0], now);
                }
                continue;
            }
            if (fd == listen_fd || fd == control_fd) {
                accept_all(fd, fd == control_fd);
                continue;
            }
            Connection* connection = &connections[fd];
            if (!connection->open) continue;
            if (events[i].events & EPOLLOUT) {
                if (!flush(connection)) continue;
            }
            if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                readable(connection);
            if (connection->open && connection->state == READING &&
                connection->in.start < connection->in.count) {
                parse(connection);
            }
        }
    }
}
