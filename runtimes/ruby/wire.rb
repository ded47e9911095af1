# frozen_string_literal: true

require 'socket'

module MiniwhiskProxy
  # HTTP/1.1 as the platform speaks it to an action container, over TCP or a unix socket.
  class Wire
    # 48 MB of code doubled by JSON escapes, and room for parameters.
    MAX_BODY = 128 * 1024 * 1024
    MAX_HEAD = 64 * 1024
    REASONS = {
      200 => 'OK', 400 => 'Bad Request', 403 => 'Forbidden', 413 => 'Payload Too Large',
      500 => 'Internal Server Error', 502 => 'Bad Gateway'
    }.freeze

    # The request cannot be read; the connection ends after the reply.
    class Refusal < StandardError
      attr_reader :status

      def initialize(status, text)
        super(text)
        @status = status
      end
    end

    # One connection and what was read from it beyond the last request.
    class Connection
      attr_reader :socket

      def initialize(socket)
        @socket = socket
        @buffer = String.new(encoding: Encoding::BINARY)
        socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1) if socket.is_a?(TCPSocket)
      end

      def pending?
        !@buffer.empty?
      end

      # Method, path, body, whether to close afterwards. Raises EOFError at the end of the connection.
      def request
        first, *lines = take_until("\r\n\r\n").split("\r\n")
        method, path, version = first.to_s.split(' ')
        raise Refusal.new(400, 'Bad request.') unless version&.start_with?('HTTP/1.')

        headers = lines.to_h { |line| line.split(':', 2).then { |name, value| [name.downcase, value.to_s.strip.downcase] } }
        wish = headers.fetch('connection', '')
        close = version == 'HTTP/1.0' ? !wish.include?('keep-alive') : wish.include?('close')
        text = body(headers)
        # When the request had come, if its sender wants to know how long it took.
        @start = headers['x-miniwhisk-took'] == 'wanted' ? now : nil
        [method, path, text, close]
      end

      def reply(status, body, close)
        more = close ? "Connection: close\r\n" : ''
        more += format("X-Miniwhisk-Took: %.3f\r\n", 1000 * (now - @start)) if @start
        @socket.write(
          "HTTP/1.1 #{status} #{REASONS[status]}\r\nContent-Type: application/json\r\n" \
          "#{more}Content-Length: #{body.bytesize}\r\n\r\n".b << body.b
        )
      end

      private

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      def body(headers)
        chunked = headers.fetch('transfer-encoding', '').include?('chunked')
        length = headers.fetch('content-length', '0')
        raise Refusal.new(400, 'Bad request.') unless chunked || length.match?(/\A\d+\z/)
        raise Refusal.new(413, "The request is larger than allowed: #{length} > #{MAX_BODY} bytes.") if length.to_i > MAX_BODY

        @socket.write("HTTP/1.1 100 Continue\r\n\r\n") if headers['expect'] == '100-continue'
        text = chunked ? chunks : take(length.to_i)
        text.force_encoding(Encoding::UTF_8)
      end

      def chunks
        text = String.new(encoding: Encoding::BINARY)
        loop do
          length = Integer(take_until("\r\n")[/\A\h{1,8}/] || raise(Refusal.new(400, 'Bad request.')), 16)
          raise Refusal.new(413, 'The request is larger than allowed.') if text.bytesize + length > MAX_BODY

          if length.zero?
            nil until take_until("\r\n").empty?
            return text
          end
          text << take(length)
          take_until("\r\n")
        end
      end

      def more
        @buffer << @socket.readpartial(1 << 18)
      end

      def take(length)
        more while @buffer.bytesize < length
        @buffer.slice!(0, length)
      end

      def take_until(mark)
        until (at = @buffer.index(mark))
          raise Refusal.new(400, 'The request has too long a head.') if @buffer.bytesize > MAX_HEAD

          more
        end
        text = @buffer.slice!(0, at)
        @buffer.slice!(0, mark.bytesize)
        text
      end
    end

    def initialize(listen)
      @server = open_server(listen)
      @server.listen(128)
      @connections = {}
    rescue SystemCallError => error
      abort "The action proxy cannot listen: #{error.message}"
    end

    def serve(&handler)
      loop do
        readable, = IO.select([@server, *@connections.keys])
        readable.each do |socket|
          if socket == @server
            accepted = @server.accept
            @connections[accepted] = Connection.new(accepted)
          else
            drop(socket) unless converse(@connections[socket], &handler)
          end
        end
      end
    end

    private

    def open_server(listen)
      if listen.start_with?('/')
        File.unlink(listen) if File.socket?(listen)
        return UNIXServer.new(listen)
      end
      host, _, port = (listen.empty? ? '0.0.0.0:8080' : listen).rpartition(':')
      TCPServer.new(host.delete('[]'), Integer(port))
    end

    # Answers what the connection holds. False when it is over.
    def converse(connection)
      loop do
        method, path, body, close = connection.request
        status, text = yield(method, path, body)
        connection.reply(status, text, close)
        return false if close
        break unless connection.pending?
      end
      true
    rescue Refusal => error
      connection.reply(error.status, MiniwhiskProxy.error_body(error.message), true)
      false
    rescue SystemCallError, IOError
      false
    end

    def drop(socket)
      @connections.delete(socket)
      socket.close
    end
  end
end
