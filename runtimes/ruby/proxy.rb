# frozen_string_literal: true

# The action proxy for Ruby: /init loads the user's code into this process, /run calls its entry point.
# One request at a time: a request that arrives meanwhile waits in its socket.

require 'json'
require_relative 'wire'

module MiniwhiskProxy
  SENTINEL = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"
  NO_RESULT = 'The action did not return a dictionary or array.'
  DEPTH = 4096
  # A stem cell waits longer for its action than this, in seconds; whoever was started for a call does not.
  STEM = 0.04

  # Makes a stream remember whether what was written to it last ended a line. puts, print, << and printf come through here.
  module LineEnd
    def write(*chunks)
      last = chunks.reverse_each.find { |chunk| !chunk.to_s.empty? }
      @line_open = !last.to_s.end_with?("\n") if last
      super
    end

    def end_activation
      flush
      syswrite(@line_open ? "\n#{SENTINEL}" : SENTINEL)
      @line_open = false
    end
  end

  class << self
    attr_accessor :main

    def start
      listen = ENV.fetch('MINIWHISK_PROXY_LISTEN', '')
      watch_parent = ENV['MINIWHISK_PROXY_PARENT'] == 'stdin'
      ENV.delete_if { |name, _| name.start_with?('MINIWHISK_') }
      Encoding.default_external = Encoding::UTF_8
      @streams = [STDOUT, STDERR].each do |stream|
        stream.sync = true
        stream.singleton_class.prepend(LineEnd)
      end
      server = Wire.new(listen)
      leave_with_parent if watch_parent
      trap('TERM') { leave(143) }
      load_ahead
      server.serve { |method, path, body| answer(method, path, body) }
    end

    # Most of the first /init is the loading of what it needs: a stem cell has the time to do that before.
    def load_ahead
      Thread.new do
        sleep(STEM)
        require_relative 'load'
      end
    end

    # Sees the end of standard input even while the user's code runs.
    def leave_with_parent
      Thread.new do
        nil while STDIN.sysread(4096)
      rescue SystemCallError, IOError
        leave(0)
      end
    end

    def leave(code)
      remove_folder if respond_to?(:remove_folder)
      exit!(code)
    end

    def answer(method, path, body)
      handler = { '/init' => :init, '/run' => :run }[path] if method == 'POST'
      message = body.empty? ? {} : JSON.parse(body, max_nesting: DEPTH) if handler
      return [500, error_body('Bad request.')] unless message.is_a?(Hash)

      send(handler, message)
    rescue JSON::ParserError, EncodingError
      [500, error_body('Bad request.')]
    end

    def error_body(text)
      JSON.generate('error' => text.dup.force_encoding(Encoding::UTF_8).scrub)
    end

    private

    def end_activation
      @streams.each(&:end_activation)
    end

    def export(name, value)
      ENV[name] = value.nil? ? '' : (value.is_a?(String) ? value : JSON.generate(value))
    end

    def init(message)
      if main
        warn 'Cannot initialize the action more than once.'
        return [403, error_body('Cannot initialize the action more than once.')]
      end
      value = message['value'].is_a?(Hash) ? message['value'] : {}
      code = value['code']
      return [403, error_body('Missing main/no code to execute.')] unless code.is_a?(String) && !code.empty?

      entry = value['main'].is_a?(String) && !value['main'].empty? ? value['main'] : 'main'
      value['env'].each { |name, setting| export(name, setting) } if value['env'].is_a?(Hash)
      require_relative 'load'
      load_or_refuse(code, entry, value['binary'] == true)
    end

    def load_or_refuse(code, entry, binary)
      self.main = load_action(code, entry, binary)
      [200, '{"OK":true}']
    rescue CannotLoad => error
      refuse_init(error.message, error.message)
    rescue SyntaxError => error
      refuse_init('Invalid Ruby Code: failed to parse the input code', "SyntaxError: #{error.message}")
    rescue Exception => error # rubocop:disable Lint/RescueException
      refuse_init("Invalid Ruby Code: #{error.class}: #{error.message}", trace(error))
    end

    def refuse_init(text, log)
      warn log
      end_activation
      [502, error_body(text)]
    end

    def run(message)
      return [500, error_body('Invalid Action: no action file found')] unless main

      message.each { |name, setting| export("__OW_#{name.upcase}", setting) unless name == 'value' }
      begin
        result = main.call(message['value'].nil? ? {} : message['value'])
        body = JSON.generate(result, max_nesting: DEPTH) if result.is_a?(Hash) || result.is_a?(Array)
        failure = NO_RESULT unless body
        warn "Result must be a hash or an array but has type '#{result.class}': #{result.inspect}" unless body
      rescue Exception => error # rubocop:disable Lint/RescueException
        warn trace(error)
        failure = "Invalid Action: the execution was not successful. / #{error.message}"
      end
      end_activation
      failure ? [502, error_body(failure)] : [200, body]
    end

    # Without the proxy's own lines.
    def trace(error)
      own = "#{__dir__}/"
      lines = (error.backtrace || []).reject { |line| line.start_with?(own) }
      ["#{error.class}: #{error.message}", *lines.map { |line| "    from #{line}" }].join("\n")
    end
  end
end

MiniwhiskProxy.start
