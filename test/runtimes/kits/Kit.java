import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/** One action for most cases: what it does is told by its argument. */
public class Kit {
    private static final String AT_LOAD = System.getenv("LOAD_VAR");
    private static int count = 0;

    public static JsonArray main(JsonArray list) {
        JsonArray reversed = new JsonArray();
        for (int i = list.size() - 1; i >= 0; i--) reversed.add(list.get(i));
        return reversed;
    }

    public static JsonElement main(JsonObject args) {
        JsonObject result = new JsonObject();
        switch (args.get("op").getAsString()) {
            case "echo":
                result.add("value", args.get("value"));
                break;
            case "log":
                if (args.has("out")) System.out.println(args.get("out").getAsString());
                if (args.has("err")) System.err.println(args.get("err").getAsString());
                break;
            case "raw":
                System.out.print(args.get("out").getAsString());
                System.err.print(args.get("out").getAsString());
                break;
            case "lines":
                for (int i = 0; i < args.get("count").getAsInt(); i++) System.out.println("line " + i);
                break;
            case "env":
                JsonObject env = new JsonObject();
                for (JsonElement name : args.getAsJsonArray("names")) env.addProperty(name.getAsString(), System.getenv(name.getAsString()));
                result.add("env", env);
                result.addProperty("atLoad", AT_LOAD);
                break;
            case "own":
                JsonArray names = new JsonArray();
                for (String name : System.getenv().keySet()) if (name.startsWith("MINIWHISK")) names.add(name);
                result.add("names", names);
                break;
            case "fail":
                throw new IllegalStateException(args.get("text").getAsString());
            case "apperror":
                result.add("error", args.get("text"));
                break;
            case "number":
                return args.get("op").getAsJsonPrimitive();
            case "null":
                return null;
            case "list":
                return new JsonParser().parse("[1, \"two\", {\"three\": 3}]");
            case "big":
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < args.get("size").getAsInt(); i++) text.append('x');
                result.addProperty("text", text.toString());
                break;
            case "count":
                result.addProperty("count", ++count);
                break;
            case "exit":
                System.exit(3);
                break;
            case "loop":
                while (true) { }
            default:
                break;
        }
        return result;
    }

    public static JsonObject niam(JsonObject args) {
        JsonObject result = new JsonObject();
        result.addProperty("entry", "niam");
        return result;
    }
}
