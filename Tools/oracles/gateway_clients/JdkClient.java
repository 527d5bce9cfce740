import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * What a Spring service does to a gateway: the JDK's HttpClient with its defaults (HTTP/2 preferred, so
 * every new connection asks for an upgrade to h2c), bodies of unknown length sent in chunks,
 * connections kept, streams read line by line.
 *
 * <p>Usage: java JdkClient.java PORT MODEL [WORDS]; exit status 1 if anything was not as it should be.
 * Connections are counted by a relay between client and gateway.
 */
public final class JdkClient {
    private static final AtomicInteger connections = new AtomicInteger();
    private static int problems = 0;

    public static void main(String[] arguments) throws Exception {
        int gateway = Integer.parseInt(arguments[0]);
        String model = arguments[1];
        int words = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 20;
        int port = startRelay(gateway);
        String base = "http://127.0.0.1:" + port;

        String whole = body(model, 8, false);
        Supplier<BodyPublisher> known = () -> BodyPublishers.ofString(whole);
        Supplier<BodyPublisher> chunked =
                () -> BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(whole.getBytes(StandardCharsets.UTF_8)));
        Supplier<BodyPublisher> large =
                () -> BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(padded(model, 300_000).getBytes(StandardCharsets.UTF_8)));

        for (HttpClient.Version version : HttpClient.Version.values()) {
            sequential(version + ", known length", version, base, known, 50);
            sequential(version + ", chunked body", version, base, chunked, 50);
            concurrent(version + ", known length", version, base, known, 50);
            concurrent(version + ", chunked body", version, base, chunked, 50);
            sequential(version + ", chunked body of 300 KB", version, base, large, 5);
            stream(version + ", stream", version, base, body(model, words, true), words);
        }
        System.exit(problems == 0 ? 0 : 1);
    }

    private static String body(String model, int tokens, boolean stream) {
        return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hallo, 你好\"}],"
                + "\"max_tokens\":" + tokens + ",\"stream\":" + stream + "}";
    }

    private static String padded(String model, int bytes) {
        return body(model, 8, false).replace("Hallo", "x".repeat(bytes));
    }

    private static HttpClient client(HttpClient.Version version) {
        return HttpClient.newBuilder().version(version).connectTimeout(Duration.ofSeconds(5)).build();
    }

    private static HttpRequest request(String base, BodyPublisher publisher) {
        return HttpRequest.newBuilder(URI.create(base + "/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(30))
                .POST(publisher)
                .build();
    }

    private static void say(boolean good, String name, String detail) {
        problems += good ? 0 : 1;
        System.out.println((good ? "ok    " : "FAIL  ") + name + ": " + detail);
    }

    private static boolean good(HttpResponse<String> response) {
        return response.statusCode() == 200 && response.body().contains("\"choices\"")
                && response.body().stripTrailing().endsWith("}");
    }

    private static void sequential(
            String name, HttpClient.Version version, String base, Supplier<BodyPublisher> publisher, int count) {
        HttpClient client = client(version);
        int before = connections.get(), answered = 0;
        String problem = "";
        for (int i = 0; i < count; i++) {
            try {
                HttpResponse<String> response = client.send(request(base, publisher.get()), BodyHandlers.ofString());
                if (good(response)) {
                    answered++;
                } else {
                    problem = " " + response.statusCode() + " " + response.body();
                }
            } catch (IOException | InterruptedException error) {
                problem = " " + error;
            }
        }
        int opened = connections.get() - before;
        say(answered == count && opened <= 2, name + ", one after the other",
                answered + " of " + count + " answered on " + opened + " connections" + problem);
    }

    private static void concurrent(
            String name, HttpClient.Version version, String base, Supplier<BodyPublisher> publisher, int count) {
        HttpClient client = client(version);
        int before = connections.get(), answered = 0;
        String problem = "";
        for (int round = 0; round < 2; round++) {
            List<CompletableFuture<HttpResponse<String>>> futures = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                futures.add(client.sendAsync(request(base, publisher.get()), BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> future : futures) {
                try {
                    HttpResponse<String> response = future.join();
                    if (good(response)) {
                        answered++;
                    } else {
                        problem = " " + response.statusCode() + " " + response.body();
                    }
                } catch (RuntimeException error) {
                    problem = " " + error.getCause();
                }
            }
        }
        int opened = connections.get() - before;
        // The second round finds the connections of the first.
        say(answered == 2 * count && opened <= count + count / 2, name + ", " + count + " at a time, twice",
                answered + " of " + 2 * count + " answered on " + opened + " connections" + problem);
    }

    private static void stream(String name, HttpClient.Version version, String base, String body, int words)
            throws Exception {
        HttpResponse<java.util.stream.Stream<String>> response =
                client(version).send(request(base, BodyPublishers.ofString(body)), BodyHandlers.ofLines());
        List<Long> arrivals = new ArrayList<>();
        boolean[] done = {false};
        response.body().forEach(line -> {
            if (line.contains("\"content\":\"#")) {
                arrivals.add(System.nanoTime());
            }
            done[0] |= line.equals("data: [DONE]");
        });
        double seconds = arrivals.size() < 2 ? 0 : (arrivals.get(arrivals.size() - 1) - arrivals.get(0)) / 1e9;
        // The mock writes a word every 20 ms: what was held back would come at once.
        say(response.statusCode() == 200 && done[0] && arrivals.size() == words && seconds > words * 0.015, name,
                response.statusCode() + ", " + arrivals.size() + " of " + words + " words over "
                        + String.format("%.2f", seconds) + " s, " + (done[0] ? "[DONE]" : "no [DONE]"));
    }

    /** Copies bytes both ways and counts who comes. */
    private static int startRelay(int gateway) throws IOException {
        ServerSocket listener = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) {
                Socket client = listener.accept();
                connections.incrementAndGet();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), gateway);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                daemon(() -> copy(client, server));
                daemon(() -> copy(server, client));
            }
        });
        return listener.getLocalPort();
    }

    private static void copy(Socket from, Socket to) throws IOException {
        try (InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
            byte[] bytes = new byte[65536];
            for (int count; (count = in.read(bytes)) > 0; ) {
                out.write(bytes, 0, count);
            }
        } finally {
            to.close();
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException error) {
                // The other side left; the client's own answers tell whether that mattered.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
