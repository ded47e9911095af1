# frozen_string_literal: true

require 'zlib'
require 'json'

module MiniwhiskProxy
  # Unpacks a zip or tar.gz archive into an empty folder, trusting nothing it says.
  class Archive
    # What an archive may unpack to: bytes in all files together, and files and folders.
    MAX_BYTES = 512 * 1024 * 1024
    MAX_ENTRIES = 100_000
    TYPE = 0o170000
    FOLDER = 0o040000
    FILE = 0o100000
    LINK = 0o120000

    Entry = Struct.new(:flags, :method, :crc, :packed, :size, :mode, :offset, :name)

    def initialize(folder)
      @folder = folder
      @entries = 0
      @bytes = 0
    end

    def unpack(data)
      data.start_with?('PK') ? unzip(data) : untar(gunzip(data))
    rescue Zlib::Error, NoMethodError, TypeError, RangeError
      # A number that is not there unpacks as nil.
      bad('The archive is damaged.')
    end

    private

    def bad(reason)
      raise CannotLoad, "There was an error uncompressing the action archive. #{reason}"
    end

    # The path that an entry means. Windows' separators count on every system.
    def path(name)
      parts = name.tr('\\', '/').split('/')
      if name.include?("\0") || name.match?(%r{\A([/\\]|[A-Za-z]:)}) || parts.include?('..')
        bad("It holds a path that leaves the action's folder: #{name.inspect}.")
      end
      File.join(@folder, *parts.reject { |part| ['', '.'].include?(part) })
    end

    def count(size)
      @entries += 1
      @bytes += size
      bad("It holds more than #{MAX_ENTRIES} files.") if @entries > MAX_ENTRIES
      bad("It unpacks to more than #{MAX_BYTES} bytes.") if @bytes > MAX_BYTES
    end

    def directory(name)
      count(0)
      FileUtils.mkdir_p(path(name))
    end

    # The block gives the content; it is asked only after the declared size was found to fit.
    def file(name, size, mode)
      target = path(name)
      count(size)
      FileUtils.mkdir_p(File.dirname(target))
      File.binwrite(target, yield)
      File.chmod((mode & 0o777) | 0o600, target) if (mode & 0o111).positive?
    end

    def refuse_type(name, link)
      bad("#{name.inspect} is #{link ? 'a symbolic link' : 'neither a file nor a folder'}, which is not allowed.")
    end

    # Inflates to `limit` bytes at most; nil when there is more.
    def inflate(inflater, data, limit)
      out = String.new(encoding: Encoding::BINARY)
      0.step(data.bytesize - 1, 65_536) do |at|
        inflater.inflate(data.byteslice(at, 65_536)) { |part| out << part; return nil if out.bytesize > limit }
      end
      out << inflater.finish if inflater.finished?
      out.bytesize > limit ? nil : out
    ensure
      inflater.close
    end

    def unzip(zip)
      count, start, shift = end_of_zip(zip)
      bad("It holds more than #{MAX_ENTRIES} files.") if count > MAX_ENTRIES
      count.times do
        bad('The zip file is damaged.') unless zip.byteslice(start, 4) == 'PK'.b + "\x01\x02".b
        flags, method, _time, crc, packed, size, name, extra, comment, _disk, _internal, external, offset =
          zip.byteslice(start + 8, 38).unpack('vvVVVVvvvvvVV')
        entry = Entry.new(flags, method, crc, packed, size, external >> 16, offset)
        entry.name = zip.byteslice(start + 46, name).force_encoding(Encoding::UTF_8).scrub
        zip64(entry, zip.byteslice(start + 46 + name, extra))
        entry.offset += shift
        zip_entry(zip, entry)
        start += 46 + name + extra + comment
      end
    end

    # Number of entries, where the central directory is, and how far offsets are shifted by what stands before the archive.
    def end_of_zip(zip)
      at = zip.rindex("PK\x05\x06".b)
      bad('The zip file is damaged.') unless at && zip.bytesize >= at + 22
      count, size, offset = zip.byteslice(at + 10, 10).unpack('vVV')
      if at >= 20 && zip.byteslice(at - 20, 4) == "PK\x06\x07".b && (count == 0xffff || size == 0xffffffff || offset == 0xffffffff)
        at = zip.byteslice(at - 12, 8).unpack1('Q<')
        bad('The zip file is damaged.') unless zip.byteslice(at, 4) == "PK\x06\x06".b
        count, size, offset = zip.byteslice(at + 32, 24).unpack('Q<Q<Q<')
      end
      shift = at - size - offset
      bad('The zip file is damaged.') if shift.negative? || size < count * 46
      [count, offset + shift, shift]
    end

    # Sizes and offset that did not fit 32 bits, from the zip64 extra field.
    def zip64(entry, extra)
      at = 0
      while at + 4 <= extra.bytesize
        id, length = extra.byteslice(at, 4).unpack('vv')
        if id == 1
          numbers = extra.byteslice(at + 4, length).unpack('Q<*')
          %i[size packed offset].each { |key| entry[key] = numbers.shift if entry[key] == 0xffffffff }
        end
        at += 4 + length
      end
    end

    def zip_entry(zip, entry)
      type = entry.mode & TYPE
      if entry.name.end_with?('/', '\\') || type == FOLDER
        directory(entry.name)
      elsif [0, FILE].include?(type)
        file(entry.name, entry.size, entry.mode) { zip_content(zip, entry) }
      else
        refuse_type(entry.name, type == LINK)
      end
    end

    def zip_content(zip, entry)
      name = entry.name.inspect
      bad("#{name} is encrypted.") if entry.flags.anybits?(1)
      bad("#{name} is damaged.") unless zip.byteslice(entry.offset, 4) == "PK\x03\x04".b
      lengths = zip.byteslice(entry.offset + 26, 4).unpack('vv')
      packed = zip.byteslice(entry.offset + 30 + lengths.sum, entry.packed)
      bad("#{name} is damaged.") unless packed&.bytesize == entry.packed
      data = case entry.method
             when 0 then packed
             when 8 then inflate(Zlib::Inflate.new(-Zlib::MAX_WBITS), packed, entry.size)
             else bad("#{name} is compressed by method #{entry.method}, which is not supported.")
             end
      bad("#{name} is larger than it declares.") unless data
      bad("#{name} is not of the size it declares.") unless data.bytesize == entry.size
      bad("#{name} is damaged: its checksum is wrong.") unless Zlib.crc32(data) == entry.crc
      data
    end

    def gunzip(data)
      inflate(Zlib::Inflate.new(Zlib::MAX_WBITS + 16), data, MAX_BYTES) || bad("It unpacks to more than #{MAX_BYTES} bytes.")
    end

    def untar(tar)
      text = ->(at, length) { tar.byteslice(at, length)[/\A[^\0]*/n].force_encoding(Encoding::UTF_8) }
      extended = {}
      at = 0
      while at + 512 <= tar.bytesize && tar.getbyte(at) != 0
        size = (extended['size'] || text.call(at + 124, 12).strip.to_i(8)).to_i
        type = tar.byteslice(at + 156, 1).tr("\0", '0')
        prefix = tar.byteslice(at + 257, 8) == "ustar\x0000".b ? text.call(at + 345, 155) : ''
        name = extended['path'] || [prefix, text.call(at, 100)].reject(&:empty?).join('/')
        data = tar.byteslice(at + 512, size)
        bad('The tar file is damaged.') unless data&.bytesize == size
        case type
        when 'x' then extended.merge!(pax_records(data))
        when 'L' then extended['path'] = data.delete("\0").force_encoding(Encoding::UTF_8)
        when 'g' then nil
        else
          extended = {}
          tar_entry(type, name, size, text.call(at + 100, 8).strip.to_i(8), data)
        end
        at += 512 + (size + 511) / 512 * 512
      end
    end

    def tar_entry(type, name, size, mode, data)
      case type
      when '5' then directory(name)
      when '0', '7' then file(name, size, mode) { data }
      else refuse_type(name, %w[1 2].include?(type))
      end
    end

    # Records of a POSIX extended header: `length key=value\n`.
    def pax_records(data)
      records = {}
      until data.empty?
        length = data[/\A\d+/].to_i
        break unless length.positive?

        key, value = data.byteslice(0, length - 1).split(' ', 2).last.split('=', 2)
        records[key] = value.force_encoding(Encoding::UTF_8)
        data = data.byteslice(length..)
      end
      records
    end
  end
end
