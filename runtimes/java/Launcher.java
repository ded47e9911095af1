import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.Map;

/**
 * The ActionLoop around the user's method: a line of JSON on standard input, a line of JSON on descriptor 3. Arguments:
 * Class#method, then the folder and jars that hold the action. An answer that is an error of the container's own is
 * written as #status and a blank before the JSON.
 */
class Launcher {
    /** Hands output on in whole writes and knows whether it last ended a line, so that the sentinel stands alone. */
    private static final class LineEnd extends FilterOutputStream {
        private boolean open;

        LineEnd(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            open = b != '\n';
        }

        @Override
        public void write(byte[] data, int from, int length) throws IOException {
            out.write(data, from, length);
            if (length > 0) open = data[from + length - 1] != '\n';
        }

        void endLine() throws IOException {
            if (open) write('\n');
            out.flush();
        }
    }

    private static LineEnd replace(FileDescriptor descriptor, boolean error) throws IOException {
        LineEnd end = new LineEnd(new FileOutputStream(descriptor));
        PrintStream stream = new PrintStream(new java.io.BufferedOutputStream(end, 8192), true, "UTF-8");
        if (error) System.setErr(stream);
        else System.setOut(stream);
        return end;
    }

    /** Variables of a running JVM can only be set behind its back: in the map that System.getenv reads. */
    @SuppressWarnings("unchecked")
    private static void setEnvironment(String name, String value) {
        try {
            Map<String, String> readable = System.getenv();
            Field field = readable.getClass().getDeclaredField("m");
            field.setAccessible(true);
            ((Map<String, String>) field.get(readable)).put(name, value);
        } catch (ReflectiveOperationException | RuntimeException error) {
            System.err.println("The variable " + name + " cannot be set: " + error);
        }
    }

    private static String failure(String text) {
        JsonObject reply = new JsonObject();
        reply.addProperty("error", text);
        return "#502 " + reply;
    }

    private static Class<?> load(String name, String[] places) throws Exception {
        URL[] urls = new URL[places.length - 1];
        for (int i = 1; i < places.length; i++) urls[i - 1] = Paths.get(places[i]).toUri().toURL();
        ClassLoader loader = new URLClassLoader(urls, Launcher.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        return Class.forName(name, true, loader);
    }

    private static boolean hasMethod(Class<?> type, String name) {
        for (Method method : type.getDeclaredMethods()) if (method.getName().equals(name)) return true;
        return false;
    }

    private static boolean fits(Method method) {
        int modifiers = method.getModifiers();
        return Modifier.isStatic(modifiers) && Modifier.isPublic(modifiers)
                && JsonElement.class.isAssignableFrom(method.getReturnType());
    }

    private static Method find(Class<?> type, String name, JsonElement argument) throws NoSuchMethodException {
        Class<?> wanted = argument.isJsonArray() ? JsonArray.class : JsonObject.class;
        Method method = type.getMethod(name, wanted);
        if (!fits(method)) throw new NoSuchMethodException(name);
        method.setAccessible(true);
        return method;
    }

    private static String answer(Class<?> type, String name, String line) {
        try {
            JsonObject request = new JsonParser().parse(line).getAsJsonObject();
            JsonElement value = request.remove("value");
            JsonElement argument = value == null || value.isJsonNull() ? new JsonObject() : value;
            for (Map.Entry<String, JsonElement> entry : request.entrySet()) {
                JsonElement setting = entry.getValue();
                String text = setting.isJsonPrimitive() ? setting.getAsString() : setting.toString();
                setEnvironment("__OW_" + entry.getKey().toUpperCase(), text);
            }
            Object result = find(type, name, argument).invoke(null, argument);
            if (result == null || result == JsonNull.INSTANCE) throw new NullPointerException("The action returned null");
            return result.toString();
        } catch (InvocationTargetException error) {
            Throwable cause = error.getCause();
            cause.printStackTrace();
            return failure("An error has occurred while invoking the action (see logs for details): " + cause);
        } catch (Exception error) {
            error.printStackTrace();
            return failure("An error has occurred (see logs for details): " + error);
        }
    }

    public static void main(String[] args) throws Exception {
        OutputStream answers = new FileOutputStream("/dev/fd/3");
        LineEnd out = replace(FileDescriptor.out, false);
        LineEnd err = replace(FileDescriptor.err, true);
        String[] entry = args[0].split("#");
        Class<?> type;
        try {
            type = load(entry[0], args);
            if (!hasMethod(type, entry[1])) throw new NoSuchMethodException(entry[1]);
        } catch (Throwable error) {
            Throwable cause = error instanceof ExceptionInInitializerError && error.getCause() != null ? error.getCause() : error;
            cause.printStackTrace();
            System.err.flush();
            answers.write((failure("An error has occurred (see logs for details): " + cause) + "\n").getBytes(StandardCharsets.UTF_8));
            System.exit(1);
            return;
        }
        answers.write("{\"ok\":true}\n".getBytes(StandardCharsets.UTF_8));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String text = answer(type, entry[1], line);
            System.out.flush();
            System.err.flush();
            out.endLine();
            err.endLine();
            answers.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        }
        System.exit(0);
    }
}
