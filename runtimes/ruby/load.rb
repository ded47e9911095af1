# frozen_string_literal: true

require 'tmpdir'
require 'fileutils'

# Turns an /init message's code into the method to call.
module MiniwhiskProxy
  # A sentence for the user.
  class CannotLoad < StandardError
  end

  class << self
    # The entry point as something with `call`. Raises CannotLoad, or whatever the user's code raised.
    def load_action(code, entry, binary)
      folder = make_folder
      file = File.join(folder, 'main.rb')
      if binary
        unpack(code.unpack1('m'), folder, file)
      else
        File.write(file, code)
      end
      Dir.chdir(folder)
      raise CannotLoad, 'Invalid Ruby Code: zipped actions must contain main.rb at the root.' unless File.exist?(file)

      bundle(folder) if File.exist?('Gemfile')
      $LOAD_PATH.unshift(folder)
      load(file)
      find(entry)
    end

    def remove_folder
      return unless @folder

      folder, @folder = @folder, nil
      Dir.chdir(File.dirname(folder))
      FileUtils.rm_rf(folder)
    end

    private

    def make_folder
      remove_folder
      @folder = File.realpath(Dir.mktmpdir('action-'))
      owner = Process.pid
      at_exit { remove_folder if Process.pid == owner }
      @folder
    end

    def unpack(data, folder, file)
      return File.binwrite(file, data) unless data.start_with?('PK', "\x1f\x8b".b)

      require_relative 'archive'
      Archive.new(folder).unpack(data)
    end

    # Gems that came with the archive (vendor/bundle), or as packages in vendor/cache.
    def bundle(folder)
      ENV['BUNDLE_GEMFILE'] = File.join(folder, 'Gemfile')
      ENV['BUNDLE_PATH'] = File.join(folder, 'vendor/bundle')
      require 'bundler'
      unless File.directory?('vendor/bundle')
        raise CannotLoad, 'Invalid Binary: vendor/cache folder is not found.' unless File.directory?('vendor/cache')

        output = IO.popen(%w[bundle install --local], err: %i[child out], &:read)
        raise CannotLoad, "Invalid Binary: failed to resolve dependencies / #{output}" unless $?.success?
      end
      require 'bundler/setup'
    end

    def find(entry)
      scope, _, name = entry.rpartition('.')
      receiver = scope.empty? ? TOPLEVEL_BINDING.receiver : Object.const_get(scope)
      receiver.method(name.to_sym)
    rescue NameError
      raise CannotLoad, "Invalid Ruby Code: method checking failed / undefined method '#{entry}'"
    end
  end
end
